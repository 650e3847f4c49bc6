use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::fleet_state::FleetState;
use crate::folder::FleetFolder;
use crate::host_state::USER;
use crate::{FleetBuilder, PracticeHost};

/// How long [`Fleet::shutdown`] waits for connections and commands that were told to end.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// A running practice fleet.
///
/// It lives on the tokio runtime that started it. When it is dropped, every host refuses connections at once, every
/// connection is dropped, every process group that a command started is killed, and the folder is removed if it was made
/// by [`FleetBuilder::start`]. A process that has moved itself to a session of its own (`setsid`) is not killed.
pub struct Fleet {
    pub(crate) state: Arc<FleetState>,
    pub(crate) hosts: Vec<PracticeHost>,
    pub(crate) identity: PathBuf,
    pub(crate) known_hosts: PathBuf,
    pub(crate) folder: FleetFolder,
}

impl Fleet {
    /// Returns a builder without hosts.
    pub fn builder() -> FleetBuilder {
        FleetBuilder::default()
    }

    /// Returns the hosts, in the order in which they were named.
    pub fn hosts(&self) -> &[PracticeHost] {
        &self.hosts
    }

    /// Returns the host of this name.
    pub fn host(&self, name: &str) -> Option<&PracticeHost> {
        self.hosts.iter().find(|host| host.name() == name)
    }

    /// Returns the login name to use on every host.
    pub fn user(&self) -> &str {
        USER
    }

    /// Returns the private key (OpenSSH format, 0600, no passphrase) that logs in on every host.
    pub fn identity(&self) -> &Path {
        &self.identity
    }

    /// Returns a `known_hosts` file with every host's true key.
    pub fn known_hosts(&self) -> &Path {
        &self.known_hosts
    }

    /// Returns the fleet's folder (0700). It holds the files above, `hosts/NAME/`, the home folders, and
    /// `bin/`, with a `hostname` that tells the practice host's name.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Does what dropping does, and waits until connections and commands are gone, for at most 5 s.
    pub async fn shutdown(self) {
        self.stop();
        if tokio::time::timeout(SHUTDOWN, self.state.tasks.wait()).await.is_err() {
            tracing::warn!("practice fleet did not end within {SHUTDOWN:?}");
        }
        // Removing a thousand home folders takes a moment.
        if tokio::task::spawn_blocking(move || drop(self)).await.is_err() {
            tracing::warn!("runtime ended before the fleet's folder was removed");
        }
    }

    fn stop(&self) {
        for host in &self.hosts {
            host.stop_listening();
        }
        self.state.stop();
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("hosts", &self.hosts).field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}
