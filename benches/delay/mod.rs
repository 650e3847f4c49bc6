//! A long way between a client and a server on the same machine: all that goes takes its time, and any amount can be under way.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Opens a port behind which the server is, with this delay each way. TCP's own handshake is not delayed. What is under way is not
/// counted, so that the delay is no limit of the bandwidth.
pub(crate) fn delayed(server: SocketAddr, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a connection");
            let server = TcpStream::connect(server).expect("sshd");
            for stream in [&client, &server] {
                stream.set_nodelay(true).expect("no delay of the kernel's");
            }
            carry(client.try_clone().expect("a socket"), server.try_clone().expect("a socket"), delay);
            carry(server, client, delay);
        }
    });
    port
}

fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count) = from.read(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() || count == 0 {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if bytes.is_empty() || to.write_all(&bytes).is_err() {
                break;
            }
        }
        // The other way sees the end by itself.
        let _ = to.shutdown(Shutdown::Write);
    });
}
