use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::Config;
use russh::{MethodKind, MethodSet, SshId};
use rustix::net::{Shutdown, shutdown};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::fleet_state::FleetState;
use crate::{Fault, PracticeError, keys};

/// The login name of every host.
pub(crate) const USER: &str = "practice";

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How a host behaves now, and where it listens.
#[derive(Debug)]
pub(crate) struct Conduct {
    pub(crate) fault: Option<Fault>,
    /// Closed, but still holding its port, while the fault is [`Fault::Refuse`].
    pub(crate) listener: Arc<TcpListener>,
}

impl Conduct {
    /// Stops listening without giving up the port: connections are refused at once.
    fn refuse(&self) {
        if let Err(error) = shutdown(&*self.listener, Shutdown::Both) {
            tracing::debug!(%error, "listener was closed already");
        }
    }
}

/// Listens on the address. A closed socket of the same host may still hold the port, an open one of anybody may not.
pub(crate) fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    rustix::net::listen(&listener, BACKLOG)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// What the server of one host and its connections share.
pub(crate) struct HostState {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) home: PathBuf,
    pub(crate) fleet: Arc<FleetState>,
    conduct: watch::Sender<Conduct>,
    config: Arc<Config>,
    commands: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

impl HostState {
    pub(crate) fn new(
        name: String,
        address: SocketAddr,
        home: PathBuf,
        key: PrivateKey,
        conduct: Conduct,
        fleet: Arc<FleetState>,
    ) -> Self {
        if conduct.fault == Some(Fault::Refuse) {
            conduct.refuse();
        }
        Self {
            name,
            address,
            home,
            fleet,
            conduct: watch::Sender::new(conduct),
            config: Arc::new(config(key)),
            commands: Mutex::default(),
            connections: AtomicUsize::new(0),
        }
    }

    /// The fault in force now.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.conduct.borrow().fault.clone()
    }

    /// Changes the fault. What it opens or closes is open or closed when this returns.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        let refuse = Some(Fault::Refuse);
        self.conduct.send_modify(|conduct| {
            let before = std::mem::replace(&mut conduct.fault, fault);
            if conduct.fault == refuse && before != refuse {
                conduct.refuse();
            } else if conduct.fault != refuse && before == refuse {
                match listen_on(self.address) {
                    Ok(listener) => conduct.listener = Arc::new(listener),
                    Err(error) => tracing::warn!(host = self.name, %error, "host cannot listen again"),
                }
            }
        });
    }

    /// Refuses connections from now on, for good.
    pub(crate) fn stop_listening(&self) {
        self.conduct.borrow().refuse();
    }

    /// Tells of each change of the fault.
    pub(crate) fn watch(&self) -> watch::Receiver<Conduct> {
        self.conduct.subscribe()
    }

    /// What to serve a connection with: the host's true key, or with [`Fault::WrongKey`] one that nobody knows.
    pub(crate) fn config(&self) -> Result<Arc<Config>, PracticeError> {
        match self.fault() {
            Some(Fault::WrongKey) => Ok(Arc::new(config(keys::new_key()?))),
            _ => Ok(Arc::clone(&self.config)),
        }
    }

    pub(crate) fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn record_command(&self, command: String) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).push(command);
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn config(key: PrivateKey) -> Config {
    Config {
        server_id: SshId::Standard("SSH-2.0-runsheet_practice".into()),
        methods: MethodSet::from([MethodKind::PublicKey].as_slice()),
        // A rejection tells nothing that could be guessed here, so nobody has to wait for it.
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        // How much unread stdin (in packets of up to 32 KiB) a command may let pile up before its whole connection
        // stands still: the library gives the client room again as soon as it has received something, not when the
        // command has read it.
        channel_buffer_size: 1024,
        // As with sshd, a connection may be idle for as long as it likes. Logging in has a limit: see `listener`.
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    }
}
