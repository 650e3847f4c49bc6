use std::collections::HashMap;
use std::time::Duration;

use runsheet_model::{HostName, StepId};
use runsheet_plan::{HostWork, Pause, Plan, PlanStep, Work};

use crate::Chance;

/// How long a task takes of which neither the history nor the sheet says anything.
const GUESS: Duration = Duration::from_secs(1);

/// How long things took in past runs of the sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Each step on each host, connecting left out.
    pub work: Vec<(StepId, HostName, Vec<Duration>)>,
    /// How long each step waited for people, run by run.
    pub people: Vec<(StepId, Vec<Duration>)>,
    /// Connecting to each host.
    pub connecting: Vec<(HostName, Vec<Duration>)>,
}

/// How long things take in a rehearsal: drawn from past runs, else what the sheet expects, else a guess. The same for the same seed.
#[derive(Clone, Debug)]
pub struct Times {
    steps: Vec<StepTimes>,
    /// By position in the plan; empty where nothing is known.
    connecting: Vec<Vec<Duration>>,
    chance: Chance,
}

/// Where the time of a step comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Past runs: the most that any of its hosts had.
    History {
        /// How many.
        runs: usize,
    },
    /// What the sheet expects of the step, shared out over its hosts.
    Sheet,
    /// Nobody knows: a second a task, and nothing for a person.
    Guess,
}

#[derive(Clone, Debug)]
struct StepTimes {
    basis: Basis,
    /// Past times by position of the host in the plan.
    hosts: HashMap<usize, Vec<Duration>>,
    /// Those of all its hosts, for one that has none.
    all: Vec<Duration>,
    /// On a host, without past times.
    each: Duration,
    people: Vec<Duration>,
}

impl Times {
    /// Takes what is known for a plan.
    pub fn new(plan: &Plan, past: &Past, chance: Chance) -> Self {
        let position: HashMap<&HostName, usize> =
            plan.hosts.iter().enumerate().map(|(position, host)| (&host.name, position)).collect();
        let mut steps: Vec<_> = plan.steps.iter().map(StepTimes::without_history).collect();
        let index: HashMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
        for (step, host, took) in &past.work {
            if let Some(&at) = index.get(step) {
                steps[at].learn(position.get(host).copied(), took);
            }
        }
        for (step, waited) in &past.people {
            if let Some(&at) = index.get(step) {
                steps[at].learn_of_people(waited, matches!(plan.steps[at].work, Work::Manual { .. }));
            }
        }
        let mut connecting = vec![Vec::new(); plan.hosts.len()];
        for (host, took) in &past.connecting {
            if let Some(&at) = position.get(host) {
                connecting[at].clone_from(took);
            }
        }
        Self { steps, connecting, chance }
    }

    /// Where the time of a step comes from, by its position in the plan.
    pub fn basis(&self, step: usize) -> Basis {
        self.steps[step].basis
    }

    /// How long a step takes on a host, all its tasks together.
    pub(crate) fn work(&self, plan: &Plan, step: usize, host: usize) -> Duration {
        let words = ["work", plan.steps[step].id.as_str(), plan.hosts[host].name.as_str()];
        let times = &self.steps[step];
        let own = times.hosts.get(&host).unwrap_or(&times.all);
        self.chance.pick(own, &words).copied().unwrap_or(times.each)
    }

    /// How long a person takes in a step.
    pub(crate) fn people(&self, plan: &Plan, step: usize) -> Duration {
        let words = ["people", plan.steps[step].id.as_str()];
        let expected = if plan.steps[step].host_work().is_none() { self.steps[step].each } else { Duration::ZERO };
        self.chance.pick(&self.steps[step].people, &words).copied().unwrap_or(expected)
    }

    /// How long it takes to connect to a host; nothing where that is not known.
    pub(crate) fn connecting(&self, plan: &Plan, host: usize) -> Duration {
        let words = ["connecting", plan.hosts[host].name.as_str()];
        self.chance.pick(&self.connecting[host], &words).copied().unwrap_or_default()
    }
}

impl StepTimes {
    fn without_history(step: &PlanStep) -> Self {
        let expected = step.expect_ms.map(Duration::from_millis);
        let each = match (&step.work, expected) {
            (Work::Manual { .. }, expected) => expected.unwrap_or_default(),
            (Work::Hosts(work), Some(expected)) => share(work, expected),
            (Work::Hosts(work), None) => GUESS * u32::try_from(work.all_links().count()).unwrap_or(1),
        };
        let basis = if expected.is_some() { Basis::Sheet } else { Basis::Guess };
        Self { basis, hosts: HashMap::new(), all: Vec::new(), each, people: Vec::new() }
    }

    fn learn(&mut self, host: Option<usize>, took: &[Duration]) {
        if took.is_empty() {
            return;
        }
        self.learn_basis(took.len());
        self.all.extend_from_slice(took);
        if let Some(host) = host {
            self.hosts.entry(host).or_default().extend_from_slice(took);
        }
    }

    fn learn_of_people(&mut self, waited: &[Duration], manual: bool) {
        self.people.extend_from_slice(waited);
        if manual && !waited.is_empty() {
            self.learn_basis(waited.len());
        }
    }

    fn learn_basis(&mut self, runs: usize) {
        let before = if let Basis::History { runs } = self.basis { runs } else { 0 };
        self.basis = Basis::History { runs: runs.max(before) };
    }
}

/// A host's share of what a step is expected to take: its pauses left out, so many times as hosts follow each other.
fn share(work: &HostWork, expected: Duration) -> Duration {
    let at_once = work.rollout.window.map_or(work.forks, |window| window.size.min(work.forks)).max(1);
    let rounds: usize = work.rollout.waves.iter().map(|hosts| hosts.div_ceil(at_once)).sum();
    let pauses = match work.rollout.pause {
        Some(Pause::For(pause)) => {
            pause.saturating_mul(u32::try_from(work.rollout.waves.len().saturating_sub(1)).unwrap_or(u32::MAX))
        }
        Some(Pause::Ask) | None => Duration::ZERO,
    };
    expected.saturating_sub(pauses) / u32::try_from(rounds.max(1)).unwrap_or(u32::MAX)
}
