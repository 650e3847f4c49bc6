use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::host_key::HostKey;
use crate::peer::Peer;

/// What a host does with a connection. Its failure is the client's going away, and tells nothing.
pub type Script = dyn Fn(Peer) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> + Send + Sync;

/// A host that does to each of its clients what a script says. When it is dropped it is gone, and so are its connections.
pub struct HostileHost {
    address: SocketAddr,
    key: Arc<HostKey>,
    connections: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl HostileHost {
    /// Starts one at a free port of 127.0.0.1. When a script is over its connection is closed.
    pub async fn start<S, F>(script: S) -> io::Result<Self>
    where
        S: Fn(Peer) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::start_boxed(Arc::new(move |peer| Box::pin(script(peer)))).await
    }

    /// Does the same with a script of an unnamed type.
    pub async fn start_boxed(script: Arc<Script>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let key = Arc::new(HostKey::new());
        let connections = Arc::new(AtomicUsize::new(0));
        let listening = tokio::spawn({
            let (key, connections) = (Arc::clone(&key), Arc::clone(&connections));
            async move {
                // It owns the connections, so that they end with it.
                let mut peers = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    // Slower without, and no less right.
                    let _ = stream.set_nodelay(true);
                    connections.fetch_add(1, Ordering::SeqCst);
                    peers.spawn(script(Peer::new(stream, Arc::clone(&key))));
                    while peers.try_join_next().is_some() {}
                }
            }
        });
        Ok(Self { address, key, connections, listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its line in known_hosts.
    pub fn known_hosts_line(&self) -> String {
        self.key.known_hosts_line(self.address)
    }

    /// The same for somebody who reaches it at another address.
    pub fn known_hosts_line_at(&self, address: SocketAddr) -> String {
        self.key.known_hosts_line(address)
    }

    /// How many connections it has had.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for HostileHost {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
