use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How much is carried at once. Small, so that pauses are felt.
const PIECE: usize = 4 * 1024;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connects.
    ToServer,
    /// To whoever connects.
    ToClient,
}

/// What is done to the bytes that go one way of a connection. Offsets count from its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Each piece waits so long.
    Delay(Duration),
    /// No more than so many bytes a second.
    Throttle(u64),
    /// So many bytes are carried, then no more, and nobody is told.
    StallAfter(u64),
    /// So many bytes are carried, then this way ends and the other goes on.
    HalfCloseAfter(u64),
    /// So many bytes are carried, then both ways end.
    CutAfter(u64),
    /// So many bytes are carried, then the connection is reset.
    ResetAfter(u64),
    /// Some bits of the byte at an offset are turned.
    Flip {
        /// Which byte.
        at: u64,
        /// Which bits of it.
        bits: u8,
    },
}

/// What was carried so far, in all connections together.
#[derive(Debug, Default)]
pub struct Traffic {
    connections: AtomicUsize,
    to_server: AtomicU64,
    to_client: AtomicU64,
}

/// A network between a client and a server, which treats each connection as it was told last.
pub struct Proxy {
    address: SocketAddr,
    faults: Arc<Mutex<(Fault, Fault)>>,
    traffic: Arc<Traffic>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// Starts one at a free port of 127.0.0.1 that carries everything as it is.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let faults: Arc<Mutex<(Fault, Fault)>> = Arc::default();
        let traffic = Arc::<Traffic>::default();
        let listening = tokio::spawn({
            let (faults, traffic) = (Arc::clone(&faults), Arc::clone(&traffic));
            async move {
                let mut connections = tokio::task::JoinSet::new();
                while let Ok((client, _)) = listener.accept().await {
                    let (to_server, to_client) = *faults.lock().unwrap_or_else(PoisonError::into_inner);
                    traffic.connections.fetch_add(1, Ordering::SeqCst);
                    let traffic = Arc::clone(&traffic);
                    connections.spawn(async move {
                        if let Ok(server) = TcpStream::connect(server).await {
                            carry_both(client, server, [to_server, to_client], &traffic).await;
                        }
                    });
                    while connections.try_join_next().is_some() {}
                }
            }
        });
        Ok(Self { address, faults, traffic, listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says how connections are treated from now on. The other way is left in peace.
    pub fn set(&self, direction: Direction, fault: Fault) {
        let faults = match direction {
            Direction::ToServer => (fault, Fault::None),
            Direction::ToClient => (Fault::None, fault),
        };
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// How many bytes it has carried one way.
    pub fn carried(&self, direction: Direction) -> u64 {
        self.traffic.counter(direction).load(Ordering::SeqCst)
    }

    /// How many connections it has had.
    pub fn connections(&self) -> usize {
        self.traffic.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Traffic {
    fn counter(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }
}

/// How the end of one way ends the connection.
enum End {
    /// The other way goes on.
    ThisWay,
    /// Both end.
    Both,
    /// Both end, and each side sees a reset.
    Reset,
}

async fn carry_both(client: TcpStream, server: TcpStream, faults: [Fault; 2], traffic: &Traffic) {
    for stream in [&client, &server] {
        // Slower without, and no less right.
        let _ = stream.set_nodelay(true);
    }
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let [to_server, to_client] = faults;
    let up = Way { fault: to_server, carried: &traffic.to_server, at: 0 };
    let down = Way { fault: to_client, carried: &traffic.to_client, at: 0 };
    let over = Notify::new();
    let end = |end: End, write: &OwnedWriteHalf| match end {
        End::ThisWay => {}
        End::Both => over.notify_one(),
        End::Reset => {
            // A socket that is closed with no time to linger says so by a reset.
            let _ = rustix::net::sockopt::set_socket_linger(write.as_ref(), Some(Duration::ZERO));
            over.notify_one();
        }
    };
    tokio::select! {
        () = over.notified() => {}
        ((), ()) = async {
            tokio::join!(
                async {
                    let (how, write) = up.carry(client_read, server_write).await;
                    end(how, &write);
                },
                async {
                    let (how, write) = down.carry(server_read, client_write).await;
                    end(how, &write);
                },
            )
        } => {}
    }
}

struct Way<'a> {
    fault: Fault,
    carried: &'a AtomicU64,
    at: u64,
}

impl Way<'_> {
    async fn carry(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> (End, OwnedWriteHalf) {
        let mut piece = vec![0; PIECE];
        loop {
            if let Some(end) = self.reached() {
                match end {
                    Some(end) => {
                        let _ = to.shutdown().await;
                        return (end, to);
                    }
                    None => std::future::pending::<()>().await,
                }
            }
            let most = self.left().map_or(PIECE, |left| usize::try_from(left).unwrap_or(PIECE).min(PIECE));
            let count = match from.read(&mut piece[..most]).await {
                Ok(count) if count > 0 => count,
                _ => {
                    let _ = to.shutdown().await;
                    return (End::ThisWay, to);
                }
            };
            self.falsify(&mut piece[..count]);
            self.pause(count).await;
            if to.write_all(&piece[..count]).await.is_err() {
                return (End::Both, to);
            }
            self.at += count as u64;
            self.carried.fetch_add(count as u64, Ordering::SeqCst);
        }
    }

    /// How many bytes are still carried, where that is known.
    fn left(&self) -> Option<u64> {
        match self.fault {
            Fault::StallAfter(limit)
            | Fault::HalfCloseAfter(limit)
            | Fault::CutAfter(limit)
            | Fault::ResetAfter(limit) => Some(limit.saturating_sub(self.at)),
            Fault::None | Fault::Delay(_) | Fault::Throttle(_) | Fault::Flip { .. } => None,
        }
    }

    /// What happens now that the last byte was carried: an end, or `Some(None)` for nothing at all any more.
    #[expect(clippy::option_option, reason = "not yet, silence, an end")]
    fn reached(&self) -> Option<Option<End>> {
        if self.left() != Some(0) {
            return None;
        }
        match self.fault {
            Fault::HalfCloseAfter(_) => Some(Some(End::ThisWay)),
            Fault::CutAfter(_) => Some(Some(End::Both)),
            Fault::ResetAfter(_) => Some(Some(End::Reset)),
            _ => Some(None),
        }
    }

    fn falsify(&self, piece: &mut [u8]) {
        if let Fault::Flip { at, bits } = self.fault
            && let Some(offset) = at.checked_sub(self.at)
            && let Some(byte) = usize::try_from(offset).ok().and_then(|offset| piece.get_mut(offset))
        {
            *byte ^= bits;
        }
    }

    async fn pause(&self, count: usize) {
        match self.fault {
            Fault::Delay(pause) => tokio::time::sleep(pause).await,
            Fault::Throttle(rate) => {
                let micros = (count as u64).saturating_mul(1_000_000) / rate.max(1);
                tokio::time::sleep(Duration::from_micros(micros)).await;
            }
            _ => {}
        }
    }
}
