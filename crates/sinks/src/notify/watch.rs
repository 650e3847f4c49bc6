use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use runsheet_events::{EventKind, RunEvent, RunStats};
use runsheet_model::{State, StepId};

use super::Occasion;
use super::notice::Notice;
use crate::wording::{said, state_word, why};

/// Sees in events what people are to be told. It is noted only after it was told, so that a failure loses nothing.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Steps of which it was told that a host failed.
    failed: BTreeSet<StepId>,
    /// Steps that run, and since when.
    pub(super) running: BTreeMap<StepId, SystemTime>,
    /// Steps that have begun.
    pub(super) begun: BTreeSet<StepId>,
}

impl Watch {
    /// What an event gives to tell, if anything.
    pub(super) fn notice(&self, event: &RunEvent, stats: &RunStats) -> Option<Notice> {
        let of_step = |occasion, step: &StepId, reason: String| Notice {
            step: Some(step.clone()),
            owner: stats.step(step).and_then(|step| step.planned.owner.clone()),
            ..notice(event, occasion, reason)
        };
        match &event.kind {
            EventKind::RunStarted(_) => Some(notice(event, Occasion::Started, String::new())),
            EventKind::PersonAsked { step, question } => {
                Some(of_step(Occasion::Waiting, step, runsheet_model::shortened(question, 500)))
            }
            EventKind::HostFinished { step, host, result } if is_bad(&result.state) && !self.failed.contains(step) => {
                let is = if matches!(result.state, State::Failed { .. }) { "" } else { "is " };
                let reason = format!("{host} {is}{}: {}", state_word(&result.state), said(result));
                Some(of_step(Occasion::Failed, step, reason))
            }
            EventKind::RunCancelled { reason } => {
                Some(notice(event, Occasion::Failed, format!("nothing new is started: {}", why(reason))))
            }
            EventKind::RunFinished { .. } => Some(notice(event, Occasion::Finished, String::new())),
            _ => None,
        }
    }

    /// Takes note of an event that was told.
    pub(super) fn note(&mut self, event: &RunEvent) {
        match &event.kind {
            EventKind::RunStarted(_) => self.running.clear(),
            EventKind::StepStarted { step, .. } => {
                self.running.insert(step.clone(), event.at);
                self.begun.insert(step.clone());
            }
            EventKind::StepFinished { step, .. } => _ = self.running.remove(step),
            EventKind::HostFinished { step, result, .. } if is_bad(&result.state) => {
                self.failed.insert(step.clone());
            }
            _ => {}
        }
    }
}

fn notice(event: &RunEvent, occasion: Occasion, reason: String) -> Notice {
    Notice { occasion, at: event.at, key: event.seq.to_string(), step: None, owner: None, reason, minutes: None }
}

fn is_bad(state: &State) -> bool {
    matches!(state, State::Failed { .. } | State::Unreachable(_) | State::Lost { .. })
}
