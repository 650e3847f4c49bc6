//! Passes a `direct-tcpip` channel on to a TCP connection, so that a practice host can be a jump host.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use russh::server::{ChannelOpenHandle, Msg};
use russh::{Channel, ChannelOpenFailure};
use rustix::process::Signal;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long to wait for a connection on this machine.
const CONNECT: Duration = Duration::from_secs(10);

/// The address to forward to. `None`: it is not on this machine, and a practice host sends nothing elsewhere.
pub(crate) fn target(host: &str, port: u32) -> Option<SocketAddr> {
    let ip = match host {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => host.parse().ok().filter(IpAddr::is_loopback)?,
    };
    Some(SocketAddr::new(ip, u16::try_from(port).ok()?))
}

/// Connects, answers the client, and passes data both ways until both ends are done or the client's is gone.
pub(crate) async fn run(
    channel: Channel<Msg>,
    target: Option<SocketAddr>,
    reply: ChannelOpenHandle,
    mut leash: mpsc::Receiver<Signal>,
) {
    let Some(target) = target else {
        return reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    };
    let mut stream = match timeout(CONNECT, TcpStream::connect(target)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%target, %error, "nothing to forward to");
            return reply.reject(ChannelOpenFailure::ConnectFailed).await;
        }
        Err(_) => {
            tracing::debug!(%target, "nobody to forward to answered within {CONNECT:?}");
            return reply.reject(ChannelOpenFailure::ConnectFailed).await;
        }
    };
    reply.accept().await;
    let mut channel = channel.into_stream();
    let passed = async {
        stream.set_nodelay(true)?;
        copy_bidirectional(&mut channel, &mut stream).await
    };
    tokio::select! {
        ended = passed => if let Err(error) = ended {
            tracing::debug!(%target, %error, "forwarding ended");
        },
        // Nothing is ever sent: the end of the sender says that the channel is closed.
        _ = leash.recv() => {}
    }
}
