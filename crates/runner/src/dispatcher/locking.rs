//! The locks on the hosts, as far as the loop knows of them.

use std::time::Duration;

use runsheet_events::{CancelReason, EventKind};
use runsheet_model::HostName;

use super::Dispatcher;
use crate::executor::Executor;

/// How long the locks are ended once nothing runs any more.
const UNLOCK: Duration = Duration::from_secs(15);
/// The same where the run is left at once.
pub(super) const LAST_UNLOCK: Duration = Duration::from_secs(3);

/// How far the locks on the hosts are. No step starts before that is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Locking {
    /// They are taken once the beginning of the run is durable.
    Wanted,
    /// They are being taken.
    UnderWay,
    /// They are not wanted, taken, or cannot be had.
    Over,
}

impl Dispatcher {
    pub(super) fn begin_locking(&mut self, executor: &Executor) {
        if self.locking == Locking::Wanted {
            self.locking = Locking::UnderWay;
            executor.lock_hosts(&self.stop);
        }
    }

    /// All hosts were asked. If others keep some, nothing is done on any.
    pub(super) fn end_locking(&mut self, kept: Vec<(Vec<HostName>, String)>, executor: &Executor) {
        self.locking = Locking::Over;
        for (hosts, holder) in kept {
            self.cancel(CancelReason::HostsLocked { hosts, holder });
        }
        self.start_steps(executor);
        self.undo_next(executor);
    }

    /// Somebody else may be at work: nothing new is started, and nothing undone.
    pub(super) fn lose_lock(&mut self, host: HostName, holder: String, executor: &Executor) {
        self.cancel(CancelReason::LockLost { host, holder });
        self.undo_nothing();
        self.start_nothing_new(executor);
    }

    pub(super) async fn unlock(&mut self, executor: &Executor) {
        for message in executor.unlock_hosts(UNLOCK).await {
            self.emit(EventKind::Warned { message });
        }
    }
}
