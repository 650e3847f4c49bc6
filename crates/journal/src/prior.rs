use std::collections::BTreeMap;

use runsheet_events::{AttemptKey, EventKind, MadeFile, RunEvent, RunHeader};
use runsheet_model::{HostName, LostReason, State, StepId};

/// What is known of a run by those who go on with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prior {
    /// The run, as its last epoch began; `None` if nothing is recorded.
    pub header: Option<RunHeader>,
    /// The files that steps have made, by how the sheet calls them, as they were hashed the last time.
    pub files: BTreeMap<String, MadeFile>,
    hosts: BTreeMap<(StepId, HostName), PriorHost>,
}

/// What is known of a step on a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorHost {
    /// How it ended the last time, if it did.
    pub ended: Option<State>,
    /// The links that were begun, by their places in the chain.
    pub links: BTreeMap<u32, PriorLink>,
    /// The attempts that were about to have an effect and whose end was not recorded.
    pub open: Vec<AttemptKey>,
}

/// What is known of a link of a step's chain on a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorLink {
    /// How many attempts it had.
    pub attempts: u32,
    /// How the last one ended; `None` if its end was not recorded.
    pub ended: Option<State>,
}

impl Prior {
    /// Folds one more event in.
    pub fn apply(&mut self, event: &RunEvent) {
        match &event.kind {
            EventKind::RunStarted(header) => self.header = Some((**header).clone()),
            EventKind::HostStarted { step, host } => self.host_mut(step, host).ended = None,
            EventKind::AttemptStarted(key) => {
                let host = self.host_mut(&key.step, &key.host);
                host.link_mut(key).ended = None;
                host.open.push(key.clone());
            }
            EventKind::AttemptFinished { key, result, .. } => {
                let host = self.host_mut(&key.step, &key.host);
                host.link_mut(key).ended = Some(result.state.clone());
                host.open.retain(|open| open != key);
            }
            EventKind::HostFinished { step, host, result } => {
                let host = self.host_mut(step, host);
                host.ended = Some(result.state.clone());
                // Whatever an earlier epoch left open is settled by the end of a later one.
                host.open.clear();
            }
            EventKind::FileMade { file, .. } => _ = self.files.insert(file.path.clone(), file.clone()),
            EventKind::StepStarted { .. }
            | EventKind::WaveStarted { .. }
            | EventKind::HostConnected { .. }
            | EventKind::HostNoted { .. }
            | EventKind::PersonAsked { .. }
            | EventKind::PersonAnswered { .. }
            | EventKind::StepFinished { .. }
            | EventKind::RunCancelled { .. }
            | EventKind::Warned { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }

    /// What is known of a step on a host; `None` if it never came to it.
    pub fn host(&self, step: &StepId, host: &HostName) -> Option<&PriorHost> {
        self.hosts.get(&(step.clone(), host.clone()))
    }

    /// Every step on every host that was begun, by step and host.
    pub fn hosts(&self) -> impl Iterator<Item = (&StepId, &HostName, &PriorHost)> {
        self.hosts.iter().map(|((step, host), prior)| (step, host, prior))
    }

    /// All attempts whose end was not recorded.
    pub fn open_intents(&self) -> impl Iterator<Item = &AttemptKey> {
        self.hosts.values().flat_map(|host| &host.open)
    }

    fn host_mut(&mut self, step: &StepId, host: &HostName) -> &mut PriorHost {
        self.hosts.entry((step.clone(), host.clone())).or_default()
    }
}

impl PriorHost {
    /// The state to go on from: the last end; lost if an attempt is open. `None`: the step is not over here and nothing is open, so
    /// that it goes on with the first link that has not ended well.
    pub fn state(&self) -> Option<State> {
        let reason = LostReason::RunEnded;
        self.ended.clone().or_else(|| (!self.open.is_empty()).then_some(State::Lost { reason }))
    }

    fn link_mut(&mut self, key: &AttemptKey) -> &mut PriorLink {
        let link = self.links.entry(key.link).or_default();
        link.attempts = link.attempts.max(key.attempt);
        link
    }
}
