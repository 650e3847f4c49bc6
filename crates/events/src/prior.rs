use std::collections::BTreeMap;
use std::sync::Arc;

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
    hosts: BTreeMap<StepId, BTreeMap<HostName, PriorHost>>,
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
    pub ended: Option<Arc<HostResult>>,
    /// What a person said about its bad end.
    pub settled: Option<Choice>,
    /// The attempts that were about to have an effect and whose end was not recorded.
    pub open: Vec<AttemptKey>,
    /// The links that were begun, with their places in the chain, in that order.
    links: Vec<(u32, PriorLink)>,
}

/// What is known of a link of a step's chain on a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorLink {
    /// How many attempts it had.
    pub attempts: u32,
    /// How the last one ended; `None` if its end was not recorded, or if a link before it was begun once more since.
    pub ended: Option<Arc<HostResult>>,
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
                let ended = Some(Arc::new(result.clone()));
                *host.begin(key) = PriorLink { attempts: key.attempt, ended, begun: *started, answer: None };
                host.open.retain(|open| open != key);
            }
            EventKind::LostAnswered { key, answer, who } => {
                let host = self.host_mut(&key.step, &key.host);
                let link = host.link_mut(key.link);
                link.answer = Some(*answer);
                link.ended = answer.taken_for(who).map(Arc::new).or_else(|| link.ended.take());
                host.open.retain(|open| open != key);
            }
            EventKind::HostFinished { step, host, result } => {
                let host = self.host_mut(step, host);
                // Most often it is how its last link ended, word for word.
                let last = host.links.last().and_then(|(_, link)| link.ended.as_ref()).filter(|last| ***last == *result);
                host.ended = Some(last.map_or_else(|| Arc::new(result.clone()), Arc::clone));
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
        self.hosts.get(step)?.get(host)
    }

    /// How a step ended on each host on which it did, in the order of their names.
    pub fn ended(&self, step: &StepId) -> impl Iterator<Item = (&HostName, &HostResult)> {
        let hosts = self.hosts.get(step).into_iter().flatten();
        hosts.filter_map(|(name, host)| Some((name, &**host.ended.as_ref()?)))
    }

    /// All attempts whose end was not recorded.
    pub fn open_intents(&self) -> impl Iterator<Item = &AttemptKey> {
        self.hosts.values().flat_map(BTreeMap::values).flat_map(|host| &host.open)
    }

    /// The run if nobody records it any more: a host with an intent and no outcome is lost, because runsheet ended before it heard.
    /// Hosts on which nothing was under way stay as they were.
    pub fn broken_off(mut self) -> Self {
        let (reason, stats) = (LostReason::RunEnded, &mut self.stats);
        for host in self.hosts.values_mut().flat_map(BTreeMap::values_mut) {
            for key in &host.open {
                let outcome = Outcome::failed(reason.says(), 1);
                if let Some(result) = stats.lose(&key.step, &key.host, State::Lost { reason }, outcome) {
                    host.ended = Some(Arc::new(result));
                }
            }
        }
        self
    }

    /// A person has said what becomes of the hosts of a step that have ended badly so far.
    fn settle(&mut self, step: &StepId, choice: Choice) {
        for host in self.hosts.get_mut(step).into_iter().flat_map(BTreeMap::values_mut) {
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
        self.hosts.entry(step.clone()).or_default().entry(host.clone()).or_default()
    }
}

impl PriorHost {
    /// A link of the chain, by its place; `None` if it was never begun.
    pub fn link(&self, place: u32) -> Option<&PriorLink> {
        self.find(place).ok().map(|at| &self.links[at].1)
    }

    /// The links that were begun, with their places in the chain, in that order.
    pub fn links(&self) -> impl Iterator<Item = (u32, &PriorLink)> {
        self.links.iter().map(|(place, link)| (*place, link))
    }

    /// A link that is begun, once more perhaps: how those behind it ended counts no more.
    fn begin(&mut self, key: &AttemptKey) -> &mut PriorLink {
        for (_, later) in self.links.iter_mut().filter(|(place, _)| *place > key.link) {
            *later = PriorLink { attempts: later.attempts, ..PriorLink::default() };
        }
        self.link_mut(key.link)
    }

    fn link_mut(&mut self, place: u32) -> &mut PriorLink {
        let at = self.find(place).unwrap_or_else(|at| {
            self.links.insert(at, (place, PriorLink::default()));
            at
        });
        &mut self.links[at].1
    }

    fn find(&self, place: u32) -> Result<usize, usize> {
        self.links.binary_search_by_key(&place, |(place, _)| *place)
    }
}
