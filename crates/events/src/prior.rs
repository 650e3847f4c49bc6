use std::collections::BTreeMap;

use runsheet_model::{HostName, LostReason, Outcome, State, StepId};

use crate::{AttemptKey, Choice, EventKind, HostResult, LostAnswer, MadeFile, RunEvent, RunHeader, RunStats};

/// What is known of a run by those who go on with it, folded from its events.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    /// The run, as its last epoch began; `None` if nothing is recorded.
    pub header: Option<RunHeader>,
    /// The last event.
    pub seq: u64,
    /// The files that steps have made, by how the sheet calls them, as they were hashed the last time.
    pub files: BTreeMap<String, MadeFile>,
    /// The run as it is counted.
    pub stats: RunStats,
    steps: BTreeMap<StepId, PriorStep>,
    hosts: BTreeMap<(StepId, HostName), PriorHost>,
}

/// What is known of a step as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriorStep {
    /// How far it came.
    pub reached: Reached,
    /// Whether a person's last answer was to go on.
    pub approved: bool,
    /// Whether a person has left out its hosts that had not begun.
    pub rest_skipped: bool,
}

/// How far a step came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It was not begun.
    #[default]
    Nothing,
    /// It was begun, or begun once more, and its end is not on record.
    Start,
    /// Its end is on record.
    End,
}

/// What is known of a step on a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorHost {
    /// How it ended the last time, if it did.
    pub ended: Option<HostResult>,
    /// The links that were begun, by their places in the chain.
    pub links: BTreeMap<u32, PriorLink>,
    /// What a person said about its bad end.
    pub settled: Option<Choice>,
    /// The attempts that were about to have an effect and whose end was not recorded.
    pub open: Vec<AttemptKey>,
}

/// What is known of a link of a step's chain on a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorLink {
    /// How many attempts it had.
    pub attempts: u32,
    /// How the last one ended; `None` if its end was not recorded, or if a link before it was begun once more since.
    pub ended: Option<HostResult>,
    /// Whether the intent of the last one was recorded, so that it may have had an effect.
    pub begun: bool,
    /// What a person said about its last attempt, of which nobody knew how it ended.
    pub answer: Option<LostAnswer>,
}

impl Prior {
    /// Folds one more event in.
    pub fn apply(&mut self, event: &RunEvent) {
        self.seq = event.seq;
        self.stats.apply(event);
        match &event.kind {
            EventKind::RunStarted(header) => self.header = Some((**header).clone()),
            EventKind::StepStarted { step, .. } => self.step_mut(step).reached = Reached::Start,
            EventKind::StepFinished { step, .. } => self.step_mut(step).reached = Reached::End,
            EventKind::PersonAnswered { step, proceed, choice, .. } => {
                let known = self.step_mut(step);
                known.approved = *proceed;
                known.rest_skipped |= *choice == Some(Choice::SkipStep);
                if let Some(choice @ (Choice::Skip | Choice::Exclude | Choice::SkipStep)) = choice {
                    self.settle(step, *choice);
                }
            }
            EventKind::HostStarted { step, host } => {
                let host = self.host_mut(step, host);
                (host.ended, host.settled) = (None, None);
            }
            EventKind::AttemptStarted(key) => {
                let host = self.host_mut(&key.step, &key.host);
                *host.begin(key) = PriorLink { attempts: key.attempt, ended: None, begun: true, answer: None };
                host.open.push(key.clone());
            }
            EventKind::AttemptFinished { key, result, started, .. } => {
                let host = self.host_mut(&key.step, &key.host);
                let link =
                    PriorLink { attempts: key.attempt, ended: Some(result.clone()), begun: *started, answer: None };
                *host.begin(key) = link;
                host.open.retain(|open| open != key);
            }
            EventKind::LostAnswered { key, answer, who } => {
                let host = self.host_mut(&key.step, &key.host);
                let link = host.links.entry(key.link).or_default();
                link.answer = Some(*answer);
                link.ended = answer.taken_for(who).or_else(|| link.ended.take());
                host.open.retain(|open| open != key);
            }
            EventKind::HostFinished { step, host, result } => {
                let host = self.host_mut(step, host);
                host.ended = Some(result.clone());
                // Whatever an earlier epoch left open is settled by the end of a later one.
                host.open.clear();
            }
            EventKind::FileMade { file, .. } => _ = self.files.insert(file.path.clone(), file.clone()),
            EventKind::WaveStarted { .. }
            | EventKind::HostConnected { .. }
            | EventKind::HostNoted { .. }
            | EventKind::PersonAsked { .. }
            | EventKind::RunCancelled { .. }
            | EventKind::TookLonger(_)
            // Whether it was done or not: a run that goes on renews at once what is open.
            | EventKind::RenewalStarted(_)
            | EventKind::RenewalFinished { .. }
            | EventKind::Warned { .. }
            | EventKind::RunFinished { .. } => {}
        }
    }

    /// What is known of a step.
    pub fn step(&self, step: &StepId) -> PriorStep {
        self.steps.get(step).copied().unwrap_or_default()
    }

    /// What is known of a step on a host; `None` if it never came to it.
    pub fn host(&self, step: &StepId, host: &HostName) -> Option<&PriorHost> {
        self.hosts.get(&(step.clone(), host.clone()))
    }

    /// All attempts whose end was not recorded.
    pub fn open_intents(&self) -> impl Iterator<Item = &AttemptKey> {
        self.hosts.values().flat_map(|host| &host.open)
    }

    /// The run as it is counted if nobody records it any more: a host with an intent and no outcome is lost, because runsheet ended
    /// before it heard. Hosts on which nothing was under way stay as they were.
    pub fn ended_stats(&self) -> RunStats {
        let mut stats = self.stats.clone();
        for key in self.open_intents() {
            let reason = LostReason::RunEnded;
            stats.lose(&key.step, &key.host, State::Lost { reason }, Outcome::failed(reason.says(), 1));
        }
        stats
    }

    /// A person has said what becomes of the hosts of a step that have ended badly so far.
    fn settle(&mut self, step: &StepId, choice: Choice) {
        for (_, host) in self.hosts.iter_mut().filter(|((of, _), _)| of == step) {
            let ended = host.ended.as_ref().map(|ended| &ended.state);
            if matches!(ended, Some(State::Failed { .. } | State::Unreachable(_) | State::Lost { .. })) {
                host.settled.get_or_insert(choice);
            }
        }
    }

    fn step_mut(&mut self, step: &StepId) -> &mut PriorStep {
        self.steps.entry(step.clone()).or_default()
    }

    fn host_mut(&mut self, step: &StepId, host: &HostName) -> &mut PriorHost {
        self.hosts.entry((step.clone(), host.clone())).or_default()
    }
}

impl PriorHost {
    /// A link that is begun, once more perhaps: how those behind it ended counts no more.
    fn begin(&mut self, key: &AttemptKey) -> &mut PriorLink {
        for (_, later) in self.links.range_mut(key.link + 1..) {
            *later = PriorLink { attempts: later.attempts, ..PriorLink::default() };
        }
        self.links.entry(key.link).or_default()
    }
}
