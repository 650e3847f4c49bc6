//! Hosts whose step is over without having begun: left out by `when`, or passed over. There may be as many as there are hosts, and others
//! have their turn in between.

use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{EventKind, HostResult};
use runsheet_model::{Outcome, State};

use super::{AT_ONCE, Dispatcher};
use crate::executor::Executor;

/// A host whose step ends without having begun.
pub(super) struct Unstarted {
    /// The step.
    pub(super) step: usize,
    /// The host, by its position in the plan.
    pub(super) host: usize,
    pub(super) why: Why,
}

/// Why a host does not begin.
pub(super) enum Why {
    /// Its `when` is false.
    Skipped,
    /// It was to be worked on, at this position in the step, and is not, because of what this says.
    PassedOver { position: usize, because: Arc<str> },
}

impl Dispatcher {
    /// Records the end of a host that never started: at once, or when it is its turn.
    pub(super) fn end_unstarted(&mut self, unstarted: Unstarted, executor: &Executor) {
        if self.unstarted.is_empty() && self.done < AT_ONCE {
            self.record_unstarted(unstarted, executor);
        } else {
            self.unstarted.push_back(unstarted);
        }
    }

    /// Records the ends of those whose turn it is.
    pub(super) fn end_more(&mut self, executor: &Executor) {
        while self.done < AT_ONCE
            && let Some(next) = self.unstarted.pop_front()
        {
            self.record_unstarted(next, executor);
        }
    }

    /// Records the ends of all of them.
    pub(super) fn end_rest(&mut self, executor: &Executor) {
        while let Some(next) = self.unstarted.pop_front() {
            self.record_unstarted(next, executor);
        }
    }

    fn record_unstarted(&mut self, Unstarted { step, host, why }: Unstarted, executor: &Executor) {
        self.done += 1;
        let (state, outcome) = match why {
            Why::Skipped => (State::Skipped, Outcome::unchanged("its `when` is false")),
            Why::PassedOver { position, because } => {
                executor.pass_over(step, &[position]);
                (State::Cancelled, Outcome::failed(&*because, 1))
            }
        };
        let result = HostResult { state, outcome, hint: None, took: Duration::ZERO };
        let (step, host) = (self.plan.steps[step].id.clone(), self.plan.hosts[host].name.clone());
        self.emit(EventKind::HostFinished { step, host, result });
    }
}
