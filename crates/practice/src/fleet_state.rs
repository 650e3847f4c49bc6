use std::path::PathBuf;

use russh::keys::PublicKey;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::process_groups::ProcessGroups;

/// What all servers of a fleet share.
#[derive(Debug)]
pub(crate) struct FleetState {
    /// The one key that is let in.
    pub(crate) login_key: PublicKey,
    /// Where commands are looked for after the host's own `bin/`.
    pub(crate) shared_bin: PathBuf,
    /// Whether its hosts only play.
    pub(crate) played: bool,
    /// Set once, when the fleet stops.
    pub(crate) stop: CancellationToken,
    /// Everything that runs on behalf of the fleet.
    pub(crate) tasks: TaskTracker,
    /// What was started and must not outlive the fleet.
    pub(crate) processes: ProcessGroups,
}

impl FleetState {
    pub(crate) fn new(login_key: PublicKey, shared_bin: PathBuf, played: bool) -> Self {
        Self {
            login_key,
            shared_bin,
            played,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            processes: ProcessGroups::default(),
        }
    }

    /// Tells every task to end and kills every process group.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
        self.processes.stop();
        self.tasks.close();
    }
}
