use std::sync::Arc;

use runsheet_events::{EventKind, ObserveError, Observer, RunEvent};

use crate::connector::Cast;
use crate::faults::ConnectingFault;
use crate::script::Script;

/// Watches a rehearsal, and has what concerns connecting strike when everything before its step is over: before the step begins, because
/// that happens only once everybody has seen the end of the one before.
pub(crate) struct Stagehand {
    script: Arc<Script>,
    cast: Arc<Cast>,
    /// Which steps are over.
    over: Vec<bool>,
    waiting: Vec<ConnectingFault>,
}

impl Stagehand {
    pub(crate) fn new(script: Arc<Script>, cast: Arc<Cast>) -> Self {
        let over = script.plan.steps.iter().map(|step| step.left_out.is_some()).collect();
        let waiting = script.faults.of_connecting().to_vec();
        let mut stagehand = Self { script, cast, over, waiting };
        stagehand.strike();
        stagehand
    }

    fn strike(&mut self) {
        let is_due = |fault: &ConnectingFault| {
            fault.step.is_none_or(|step| {
                let step = &self.script.plan.steps[step];
                step.after.iter().chain(&step.undoes).all(|&before| self.over[before])
            })
        };
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(is_due);
        self.waiting = waiting;
        for ConnectingFault { host, fault, .. } in due {
            self.cast.strike(host, fault);
        }
    }
}

impl Observer for Stagehand {
    fn observe(&mut self, event: &Arc<RunEvent>) -> Result<(), ObserveError> {
        if let EventKind::StepFinished { step, .. } = &event.kind
            && let Some(step) = self.script.step(step)
        {
            self.over[step] = true;
            self.strike();
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), ObserveError> {
        Ok(())
    }
}
