use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::host_state::HostState;
use crate::{Fault, listener};

/// One host of a practice fleet: an SSH server on an address of its own, with a home folder of its own.
pub struct PracticeHost {
    state: Arc<HostState>,
    runtime: Handle,
}

impl PracticeHost {
    pub(crate) fn new(state: HostState, runtime: Handle) -> Self {
        Self { state: Arc::new(state), runtime }
    }

    /// Returns the host's name.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Returns where the host listens: an address of 127.77.0.0/16 that no other host of the fleet has, and a port.
    pub fn address(&self) -> SocketAddr {
        self.state.address
    }

    /// Returns the folder that commands start in and that relative SFTP paths are below. Its `bin/` comes first in the
    /// `PATH` of commands: an executable file put there takes the place of a system command.
    pub fn home(&self) -> &Path {
        &self.state.home
    }

    /// Returns every command that the host was asked to run, in the order in which they came, whether or not a fault kept
    /// it from running. A request for a shell without a command stands as an empty text; SFTP sessions do not stand here.
    pub fn commands(&self) -> Vec<String> {
        self.state.commands()
    }

    /// Returns how many TCP connections the host has accepted so far.
    pub fn connections(&self) -> usize {
        self.state.connections()
    }

    /// Makes the host misbehave from now on, or behave again.
    ///
    /// What concerns connecting and logging in holds for connections to come, the rest also for the next command of a
    /// connection that is open. A running command keeps the fault that it started with.
    pub fn set_fault(&self, fault: Option<Fault>) {
        // A new socket needs the runtime, and this may be called from a thread that has none.
        let _runtime = self.runtime.enter();
        self.state.set_fault(fault);
    }

    /// Accepts connections until the fleet stops.
    pub(crate) fn serve(&self) {
        self.state.fleet.tasks.spawn(listener::serve(Arc::clone(&self.state)));
    }

    /// Refuses connections from now on, for good.
    pub(crate) fn stop_listening(&self) {
        self.state.stop_listening();
    }
}

impl std::fmt::Debug for PracticeHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PracticeHost")
            .field("name", &self.name())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}
