//! The files that a step makes: they are hashed when it has ended well, and that is recorded before it is over.

use runsheet_events::{CancelReason, EventKind};

use super::Dispatcher;
use crate::executor::Executor;
use crate::message::FilesFound;
use crate::policy::Verdict;
use crate::step_progress::Mode;

impl Dispatcher {
    /// Ends a step whose work is done. One that makes files is over once they were looked at.
    pub(super) fn end_step(&mut self, index: usize, executor: &Executor) {
        if self.plan.steps[index].makes.is_empty() || self.record.has_failed() || !self.is_complete(index) {
            self.finish_step(index);
            return;
        }
        if let Some(progress) = self.steps.get_mut(&index) {
            progress.mode = Mode::LookingAtFiles;
        }
        executor.look_at_files(index, &self.stop);
    }

    /// Whether a step has done all that it was to do, so that later ones may follow.
    fn is_complete(&self, index: usize) -> bool {
        let Some(progress) = self.steps.get(&index) else { return true };
        let was_stopped = self.stop.new.is_cancelled() && self.totals(index).cancelled > 0;
        progress.worst == Verdict::GoOn && !was_stopped
    }

    pub(super) fn take_files(&mut self, index: usize, found: FilesFound, executor: &Executor) {
        let step = self.plan.steps[index].id.clone();
        match found {
            Ok(files) => {
                for file in files {
                    self.emit(EventKind::FileMade { step: step.clone(), file });
                }
            }
            Err((path, reason)) => {
                let rolls_back = self.steps.get(&index).is_some_and(|progress| progress.policy().rolls_back());
                self.undo_wanted |= rolls_back && !self.stop.new.is_cancelled();
                let reason = self.mask.text(&reason);
                self.cancel(CancelReason::FileNotMade { step, path, reason });
                self.start_nothing_new(executor);
            }
        }
        self.finish_step(index);
    }
}
