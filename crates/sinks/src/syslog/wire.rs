use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

/// How long connecting and each message may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Where a syslog daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Socket(PathBuf),
    Udp(String),
    Tcp(String),
}

/// A way to a syslog daemon that is open.
pub(super) enum Wire {
    Datagrams(UnixDatagram),
    Stream(UnixStream),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Address {
    /// Reads `/path`, `udp://HOST:PORT` or `tcp://HOST:PORT`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let host_and_port = |text: &str| {
            let (host, port) = text.rsplit_once(':')?;
            let good = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) && !host.contains('/');
            good.then(|| text.to_owned())
        };
        if let Some(rest) = text.strip_prefix("udp://") {
            return host_and_port(rest).map(Self::Udp);
        }
        if let Some(rest) = text.strip_prefix("tcp://") {
            return host_and_port(rest).map(Self::Tcp);
        }
        text.starts_with('/').then(|| Self::Socket(text.into()))
    }

    pub(super) fn connect(&self) -> io::Result<Wire> {
        match self {
            Self::Socket(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(LIMIT))?;
                match socket.connect(path) {
                    Ok(()) => Ok(Wire::Datagrams(socket)),
                    // Some daemons listen for streams there.
                    Err(error) if error.raw_os_error() == Some(rustix::io::Errno::PROTOTYPE.raw_os_error()) => {
                        let stream = UnixStream::connect(path)?;
                        stream.set_write_timeout(Some(LIMIT))?;
                        Ok(Wire::Stream(stream))
                    }
                    Err(error) => Err(error),
                }
            }
            Self::Udp(to) => {
                let to = look_up(to)?;
                let socket = UdpSocket::bind(if to.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" })?;
                socket.set_write_timeout(Some(LIMIT))?;
                socket.connect(to)?;
                Ok(Wire::Udp(socket))
            }
            Self::Tcp(to) => {
                let stream = TcpStream::connect_timeout(&look_up(to)?, LIMIT)?;
                stream.set_write_timeout(Some(LIMIT))?;
                Ok(Wire::Tcp(stream))
            }
        }
    }
}

fn look_up(to: &str) -> io::Result<SocketAddr> {
    to.to_socket_addrs()?.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no host of this name"))
}

impl Wire {
    /// Sends one message.
    pub(super) fn send(&mut self, message: &str) -> io::Result<()> {
        match self {
            Self::Datagrams(socket) => socket.send(message.as_bytes()).map(drop),
            Self::Udp(socket) => socket.send(message.as_bytes()).map(drop),
            Self::Stream(stream) => stream.write_all(format!("{message}\0").as_bytes()),
            // RFC 6587, § 3.4.1: the length in front.
            Self::Tcp(stream) => stream.write_all(format!("{} {message}", message.len()).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sockets_or_have_a_port() {
        assert_eq!(Address::parse("/dev/log"), Some(Address::Socket("/dev/log".into())));
        assert_eq!(Address::parse("udp://[::1]:514"), Some(Address::Udp("[::1]:514".to_owned())));
        assert_eq!(Address::parse("tcp://log.example.com:601"), Some(Address::Tcp("log.example.com:601".to_owned())));
        for bad in ["", "dev/log", "udp://log", "tcp://:1", "tcp://a:0", "tcp://a:99999", "http://a:1"] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }
}
