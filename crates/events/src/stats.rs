use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use runsheet_model::{Debt, HostName, Outcome, State, StepId};

use crate::{CancelReason, EventKind, HostResult, PlannedStep, RunEvent, RunHeader, StepTotals, TookLonger};

/// A run, folded from its events. Nothing else counts hosts, so that progress, recap, exit code and history cannot disagree.
#[derive(Clone, Debug, Default)]
pub struct RunStats {
    /// What the run is; absent before its first event.
    pub header: Option<RunHeader>,
    /// The steps, in the order of the sheet.
    pub steps: Vec<StepStats>,
    /// What is open on which host.
    pub debts: BTreeMap<HostName, Vec<Debt>>,
    /// Why the run was stopped, in the order in which it was told.
    pub cancelled: Vec<CancelReason>,
    /// What took significantly longer than it usually does, in the order in which it was told.
    pub longer: Vec<TookLonger>,
    /// How long it took, once it is over.
    pub took: Option<Duration>,
    /// The time of the last event, over all epochs.
    pub elapsed: Duration,
    /// How long the epochs before this one took.
    before: Duration,
    by_id: BTreeMap<StepId, usize>,
}

/// A step, folded from events.
#[derive(Clone, Debug)]
pub struct StepStats {
    /// What the plan says of it.
    pub planned: PlannedStep,
    /// When it started, since the run's start; absent if it has not.
    pub started: Option<Duration>,
    /// How long it took, once it is over.
    pub took: Option<Duration>,
    /// How long it waited for a person.
    pub waited: Duration,
    /// Hosts counted by how they ended.
    pub totals: StepTotals,
    /// Whether a file that it was to make could not be read at its end.
    pub not_made: bool,
    /// On which hosts it is being worked on, and since when.
    pub running: BTreeMap<HostName, Duration>,
    /// How each host ended that did not end well. Those that did are counted only, so that a run does not grow with what it has done.
    pub troubled: BTreeMap<HostName, HostStats>,
    /// How long it took in earlier epochs, and since when it runs in this one.
    before: Duration,
    since: Duration,
}

/// How a step ended on a host, if not well.
#[derive(Clone, Debug)]
pub struct HostStats {
    /// When it started there, since the run's start.
    pub started: Option<Duration>,
    /// How it ended.
    pub result: HostResult,
}

impl RunStats {
    /// Folds one more event in.
    pub fn apply(&mut self, event: &RunEvent) {
        if matches!(event.kind, EventKind::RunStarted(_)) {
            self.before = self.elapsed;
        }
        // Each epoch counts from 0.
        let now = self.before + event.elapsed;
        self.elapsed = now;
        match &event.kind {
            EventKind::RunStarted(header) => self.start(header),
            EventKind::StepStarted { step, .. } => {
                if let Some(stats) = self.step_mut(step) {
                    stats.begin(now);
                    stats.not_made = false;
                }
            }
            EventKind::HostStarted { step, host } => {
                if let Some(stats) = self.step_mut(step) {
                    stats.take_back(host);
                    stats.running.insert(host.clone(), now);
                }
            }
            EventKind::AttemptFinished { key, result, .. } | EventKind::RenewalFinished { key, result, .. } => {
                let debts = self.debts.entry(key.host.clone()).or_default();
                for debt in &result.outcome.opens {
                    if !debts.contains(debt) {
                        debts.push(debt.clone());
                    }
                }
                debts.retain(|debt| !result.outcome.closes.contains(debt));
                if debts.is_empty() {
                    self.debts.remove(&key.host);
                }
            }
            EventKind::HostFinished { step, host, result } => {
                if let Some(stats) = self.step_mut(step) {
                    stats.take_back(host);
                    stats.totals.count(&result.state);
                    let started = stats.running.remove(host);
                    if !result.state.is_good() {
                        stats.troubled.insert(host.clone(), HostStats { started, result: result.clone() });
                    }
                }
            }
            EventKind::PersonAnswered { step, waited, .. } => {
                if let Some(stats) = self.step_mut(step) {
                    stats.waited += *waited;
                }
            }
            EventKind::StepFinished { step, took, .. } => {
                if let Some(stats) = self.step_mut(step) {
                    stats.took = Some(stats.before + *took);
                    // An empty tree keeps the memory of a full node.
                    if stats.running.is_empty() {
                        stats.running = BTreeMap::new();
                    }
                }
            }
            EventKind::RunCancelled { reason } => {
                if let CancelReason::FileNotMade { step, .. } = reason
                    && let Some(stats) = self.step_mut(step)
                {
                    stats.not_made = true;
                }
                self.cancelled.push(reason.clone());
            }
            EventKind::TookLonger(longer) => {
                // A step that is done once more is judged once more.
                self.longer.retain(|known| (&known.step, &known.host) != (&longer.step, &longer.host));
                self.longer.push(longer.clone());
            }
            EventKind::RunFinished { took, .. } => self.took = Some(self.before + *took),
            EventKind::HostConnected { .. }
            | EventKind::WaveStarted { .. }
            | EventKind::AttemptStarted(_)
            | EventKind::RenewalStarted(_)
            | EventKind::LostAnswered { .. }
            | EventKind::HostNoted { .. }
            | EventKind::PersonAsked { .. }
            | EventKind::FileMade { .. }
            | EventKind::Warned { .. } => {}
        }
    }

    /// A step by its id.
    pub fn step(&self, id: &StepId) -> Option<&StepStats> {
        self.by_id.get(id).and_then(|&index| self.steps.get(index))
    }

    /// How many steps there are, less those that only undo another.
    pub fn forward_steps(&self) -> usize {
        self.steps.iter().filter(|step| step.planned.undoes.is_none()).count()
    }

    /// Hosts of all steps, counted by how they ended.
    pub fn totals(&self) -> StepTotals {
        self.steps.iter().fold(StepTotals::default(), |mut sum, step| {
            let totals = step.totals;
            sum.changed += totals.changed;
            sum.unchanged += totals.unchanged;
            sum.failed += totals.failed;
            sum.unreachable += totals.unreachable;
            sum.lost += totals.lost;
            sum.skipped += totals.skipped;
            sum.cancelled += totals.cancelled;
            sum
        })
    }

    fn start(&mut self, header: &RunHeader) {
        // Steps that had not begun may be others in a later epoch.
        let mut known: BTreeMap<_, _> =
            mem::take(&mut self.steps).into_iter().map(|step| (step.planned.step.clone(), step)).collect();
        let step = |planned: &PlannedStep| match known.remove(&planned.step) {
            Some(step) => StepStats { planned: planned.clone(), ..step },
            None => StepStats::new(planned.clone()),
        };
        self.steps = header.steps.iter().map(step).collect();
        self.by_id = header.steps.iter().enumerate().map(|(index, step)| (step.step.clone(), index)).collect();
        // Why an earlier epoch was stopped, and what was under way in it, is over.
        self.took = None;
        self.cancelled.clear();
        self.steps.iter_mut().for_each(|step| step.interrupt(self.before));
        self.header = Some(header.clone());
    }

    /// Counts a host on which a step was under way as one whose end nobody saw, and gives that end.
    pub(crate) fn lose(
        &mut self,
        step: &StepId,
        host: &HostName,
        state: State,
        outcome: Outcome,
    ) -> Option<HostResult> {
        let elapsed = self.elapsed;
        let step = self.step_mut(step)?;
        let started = step.running.remove(host)?;
        step.totals.count(&state);
        let result = HostResult { state, outcome, hint: None, took: elapsed.saturating_sub(started) };
        step.troubled.insert(host.clone(), HostStats { started: Some(started), result: result.clone() });
        Some(result)
    }

    fn step_mut(&mut self, id: &StepId) -> Option<&mut StepStats> {
        self.by_id.get(id).and_then(|&index| self.steps.get_mut(index))
    }
}

impl StepStats {
    /// A step that has not started.
    pub fn new(planned: PlannedStep) -> Self {
        Self {
            planned,
            started: None,
            took: None,
            waited: Duration::ZERO,
            totals: StepTotals::default(),
            not_made: false,
            running: BTreeMap::new(),
            troubled: BTreeMap::new(),
            before: Duration::ZERO,
            since: Duration::ZERO,
        }
    }

    /// Whether it was broken off in an earlier epoch, so that its time is put together from several.
    pub fn was_broken_off(&self) -> bool {
        !self.before.is_zero()
    }

    /// How long it took in machine time, waiting that is answered left out; until `now` (since the run's start) if it is not over.
    pub fn machine_time(&self, now: Duration) -> Duration {
        match (self.took, self.started) {
            (Some(took), _) => took,
            (None, Some(_)) => (self.before + now.saturating_sub(self.since)).saturating_sub(self.waited),
            (None, None) => Duration::ZERO,
        }
    }

    /// Begins, or goes on in a later epoch.
    fn begin(&mut self, now: Duration) {
        self.started.get_or_insert(now);
        self.before += self.took.take().map_or(Duration::ZERO, |took| took.saturating_sub(self.before));
        self.since = now;
    }

    /// Is broken off by the end of an epoch.
    fn interrupt(&mut self, now: Duration) {
        if self.started.is_some() && self.took.is_none() {
            self.before += now.saturating_sub(self.since);
            self.since = now;
        }
        self.running.clear();
    }

    /// Forgets how a host ended, whose step is done again. What ended well is never done again.
    fn take_back(&mut self, host: &HostName) {
        if let Some(before) = self.troubled.remove(host) {
            self.totals.take_back(&before.result.state);
        }
    }
}
