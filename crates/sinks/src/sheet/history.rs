use std::collections::BTreeMap;
use std::time::SystemTime;

use runsheet_events::{CancelReason, EventKind, RunEvent};
use runsheet_model::StepId;

/// What of a run is needed and not in its statistics: when its steps began and ended by the clock, and why those without hosts failed.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) steps: BTreeMap<StepId, StepHistory>,
}

/// The same, of one step.
#[derive(Debug, Default)]
pub(crate) struct StepHistory {
    pub(crate) started: Option<SystemTime>,
    pub(crate) ended: Option<SystemTime>,
    /// What stopped it that was no host.
    pub(crate) stopped: Option<String>,
}

impl History {
    /// Folds events in; the same ones may come again. Tells whether something began or ended that people look for in a sheet.
    pub(crate) fn apply(&mut self, events: &[RunEvent]) -> bool {
        let mut seen = false;
        for event in events {
            match &event.kind {
                EventKind::RunStarted(_) | EventKind::RunFinished { .. } => seen = true,
                EventKind::StepStarted { step, .. } => {
                    let step = self.steps.entry(step.clone()).or_default();
                    // A step that goes on after a resume began when it first began.
                    step.started.get_or_insert(event.at);
                    (step.ended, step.stopped) = (None, None);
                    seen = true;
                }
                EventKind::StepFinished { step, .. } => {
                    self.steps.entry(step.clone()).or_default().ended = Some(event.at);
                    seen = true;
                }
                EventKind::PersonAnswered { step, proceed: false, note, who, .. } => {
                    let note = if note.is_empty() { String::new() } else { format!(": {note}") };
                    self.steps.entry(step.clone()).or_default().stopped = Some(format!("stopped by {who}{note}"));
                }
                EventKind::RunCancelled { reason: CancelReason::FileNotMade { step, path, reason } } => {
                    self.steps.entry(step.clone()).or_default().stopped = Some(format!("{path}: {reason}"));
                }
                _ => {}
            }
        }
        seen
    }
}
