use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, oneshot};

/// How many lookups may be under way. One that hangs keeps its place until the system gives it up.
const AT_ONCE: usize = 32;

/// Looks names up, each once in a run.
///
/// Lookups have threads of their own: the system's resolver can hang for minutes, and would otherwise take the place of
/// everything else that has to block.
#[derive(Debug)]
pub(crate) struct Resolver {
    places: Arc<Semaphore>,
    known: Mutex<HashMap<String, Vec<IpAddr>>>,
}

impl Resolver {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), known: Mutex::default() }
    }

    /// Returns the addresses of a name, in the order in which the system wants them tried.
    pub(crate) async fn lookup(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if let Some(known) = self.known().get(name) {
            return Ok(known.iter().map(|&address| SocketAddr::new(address, port)).collect());
        }
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let (answer, answered) = oneshot::channel();
        let owned = name.to_owned();
        std::thread::Builder::new().name("lookup".to_owned()).spawn(move || {
            let found = (owned.as_str(), port).to_socket_addrs().map(Iterator::collect);
            drop(place);
            // Whoever asked may have gone.
            let _ = answer.send(found);
        })?;
        let found: Vec<SocketAddr> = answered.await.map_err(io::Error::other)??;
        // Scoped addresses cannot be told by their address alone.
        if found.iter().all(|address| !is_scoped(address)) {
            let addresses = found.iter().map(SocketAddr::ip).collect();
            self.known().insert(name.to_owned(), addresses);
        }
        Ok(found)
    }

    /// Forgets a name none of whose addresses answered: it may have moved.
    pub(crate) fn forget(&self, name: &str) {
        self.known().remove(name);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<IpAddr>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_scoped(address: &SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(address) if address.scope_id() != 0)
}
