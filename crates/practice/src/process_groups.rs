use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// The process groups that a fleet has started and that may still have members.
///
/// A command's group outlives its first process when it left something in the background, and outlives its connection.
/// All of them end with the fleet.
#[derive(Debug, Default)]
pub(crate) struct ProcessGroups(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    running: HashSet<Pid>,
    /// Groups whose first process has ended and was reaped. Its number is kept from being given away only by the other
    /// members of the group, so these are looked at again each time a command starts.
    leaderless: HashSet<Pid>,
}

impl ProcessGroups {
    /// Takes note of a group that has just been started. When the fleet has stopped meanwhile, the group is killed.
    pub(crate) fn add(&self, group: Pid) {
        let mut state = self.lock();
        state.leaderless.retain(|group| test_kill_process_group(*group).is_ok());
        if state.stopped {
            kill(group);
        } else {
            state.running.insert(group);
        }
    }

    /// Takes note that a group's first process has ended and was reaped.
    pub(crate) fn leader_ended(&self, group: Pid) {
        let mut state = self.lock();
        if state.running.remove(&group) && test_kill_process_group(group).is_ok() {
            state.leaderless.insert(group);
        }
    }

    /// Says whether [`ProcessGroups::stop`] was called: nothing may be started any more.
    pub(crate) fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Kills every group, and every group that is added later.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let State { running, leaderless, .. } = &mut *state;
        for group in running.drain().chain(leaderless.drain()) {
            kill(group);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(group: Pid) {
    // The only likely failure is that the group has ended already.
    if let Err(error) = kill_process_group(group, Signal::KILL) {
        tracing::debug!(?group, %error, "process group was not killed");
    }
}
