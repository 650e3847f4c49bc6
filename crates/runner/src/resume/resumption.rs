use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use runsheet_events::{AttemptKey, CancelReason, LostAnswer, MadeFile, Prior, PriorHost, Reached, RunStats};
use runsheet_model::{HostName, State, StepId, TaskName};
use runsheet_plan::{HostWork, Plan, PlanStep, Work};

use super::onward::{Means, Onward, Unclear, Way, onward};
use super::table::{Promise, Said};
use crate::renewals::{OpenPlace, Place};

/// How a run goes on that was broken off, decided before anything is touched.
#[derive(Debug)]
pub struct Resumption {
    pub(crate) seq: u64,
    pub(crate) epoch: u32,
    /// The run so far.
    pub(crate) stats: RunStats,
    /// Attempts of which nobody knew how they ended, and what was said about them.
    pub(crate) answers: Vec<(AttemptKey, LostAnswer)>,
    pub(crate) who: String,
    /// What steps have made.
    pub(crate) files: Vec<MadeFile>,
    /// What was opened, has not been closed, and ends by itself.
    pub(crate) open: Vec<OpenPlace>,
    /// It was being undone, so that nothing but that goes on.
    pub(crate) undoing: bool,
    /// What is left of each step that was begun on a host, by positions of step and host.
    onward: HashMap<(usize, usize), Onward>,
    /// Of each step, whether nothing is left of it.
    over: Vec<bool>,
    /// Of each step, the hosts whose `when` is false and that are on record as skipped.
    skipped: Vec<bool>,
}

/// What somebody says about attempts of which nobody knows how they ended.
#[derive(Clone, Debug, Default)]
pub struct LostAnswers {
    /// About all.
    pub all: Option<LostAnswer>,
    /// About those of a step.
    pub steps: BTreeMap<StepId, LostAnswer>,
    /// About a host in a step.
    pub hosts: BTreeMap<(StepId, HostName), LostAnswer>,
    /// Whether what failed is left as it is. Default: it is tried again.
    pub skip_failed: bool,
    /// Who says so.
    pub who: String,
}

/// A link on a host of which nobody knows how it ended, and about which nobody has said anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The step.
    pub step: StepId,
    /// The host.
    pub host: HostName,
    /// The task.
    pub task: TaskName,
}

impl Resumption {
    /// Finds out how a run goes on. Gives what somebody has to decide first, if there is anything.
    pub fn new(plan: &Plan, prior: Prior, answers: &LostAnswers) -> Result<Self, Vec<Undecided>> {
        let mut ways = HashMap::new();
        let mut taken = Vec::new();
        let mut undecided = Vec::new();
        for (index, step, work) in host_steps(plan) {
            let promises: Vec<_> = work.all_links().map(Promise::of).collect();
            for (position, &host) in work.hosts.iter().enumerate() {
                let host = &plan.hosts[host].name;
                let Some(known) = prior.host(&step.id, host) else { continue };
                if let Some(over) = left_out(&prior, step, known) {
                    ways.insert((index, position), over);
                    continue;
                }
                let said = answers.of(&step.id, host);
                match onward(known, position, &promises, work.links.len(), said, &answers.who) {
                    Ok(Way { onward, taken: links }) => {
                        ways.insert((index, position), onward);
                        let key = |link| AttemptKey {
                            step: step.id.clone(),
                            link,
                            host: host.clone(),
                            attempt: known.link(link).map_or(0, |link| link.attempts),
                        };
                        taken.extend(links.into_iter().map(|(link, answer)| (key(link), answer)));
                    }
                    Err(Unclear(link)) => {
                        let task = work.all_links().nth(link as usize).map(|link| link.task.clone());
                        let task = task.unwrap_or_else(|| work.links[0].task.clone());
                        undecided.push(Undecided { step: step.id.clone(), host: host.clone(), task });
                    }
                }
            }
        }
        if !undecided.is_empty() {
            return Err(undecided);
        }
        let over = (0..plan.steps.len()).map(|index| is_over(plan, index, &prior, &ways)).collect();
        let skipped = plan.steps.iter().map(|step| are_skipped_known(plan, step, &prior)).collect();
        let undoing =
            plan.steps.iter().any(|step| step.undoes.is_some() && prior.step(&step.id).reached > Reached::Nothing);
        Ok(Self {
            seq: prior.seq,
            epoch: prior.header.as_ref().map_or(1, |header| header.epoch + 1),
            open: open_places(plan, &prior),
            stats: prior.stats,
            files: prior.files.into_values().collect(),
            answers: taken,
            who: answers.who.clone(),
            undoing,
            onward: ways,
            over,
            skipped,
        })
    }

    /// Whether nothing at all is left to do.
    pub fn is_idle(&self, plan: &Plan) -> bool {
        let mut steps = plan.steps.iter().enumerate().filter(|(_, step)| step.left_out.is_none());
        let is_left = if self.undoing {
            // Which steps are undone at all is not on record, but that the run came to its end is.
            let begun = |step: &PlanStep| self.stats.step(&step.id).is_some_and(|step| step.started.is_some());
            let stopped = |reason: &CancelReason| !matches!(reason, CancelReason::HostsFailed { .. });
            self.stats.took.is_none()
                || self.stats.cancelled.iter().any(stopped)
                || steps.any(|(index, step)| step.undoes.is_some() && begun(step) && !self.over[index])
        } else {
            steps.any(|(index, step)| step.undoes.is_none() && !self.over[index])
        };
        self.answers.is_empty() && !is_left
    }

    /// Which time the run is run when it goes on, from 2.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The last event on record.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The run so far.
    pub fn stats(&self) -> &RunStats {
        &self.stats
    }

    /// Whether nothing is left of a step.
    pub(crate) fn is_over(&self, step: usize) -> bool {
        self.over[step]
    }

    /// Whether the hosts that `when` leaves out of a step are on record.
    pub(crate) fn knows_skipped(&self, step: usize) -> bool {
        self.skipped[step]
    }

    /// What is left of a step on a host; `None` if it was never begun there.
    pub(crate) fn onward(&self, step: usize, position: usize) -> Option<&Onward> {
        self.onward.get(&(step, position))
    }
}

impl LostAnswers {
    fn of(&self, step: &StepId, host: &HostName) -> Said {
        let of_host = self.hosts.get(&(step.clone(), host.clone()));
        let lost = of_host.or_else(|| self.steps.get(step)).copied().or(self.all);
        Said { lost, skip_failed: self.skip_failed }
    }
}

impl Promise {
    fn of(link: &runsheet_plan::PlanLink) -> Self {
        Self { idempotent: link.idempotent, receipt: link.receipt }
    }
}

fn host_steps(plan: &Plan) -> impl Iterator<Item = (usize, &PlanStep, &HostWork)> {
    let steps = plan.steps.iter().enumerate().filter(|(_, step)| step.left_out.is_none());
    steps.filter_map(|(index, step)| Some((index, step, step.host_work()?)))
}

/// What links have opened that a run would open again: only the work of idempotent ones is done once more.
fn open_places(plan: &Plan, prior: &Prior) -> Vec<OpenPlace> {
    let mut open = Vec::new();
    for (step, planned, work) in host_steps(plan) {
        for (position, &host) in work.hosts.iter().enumerate() {
            let host = &plan.hosts[host].name;
            let (Some(known), Some(left)) = (prior.host(&planned.id, host), prior.stats.debts.get(host)) else {
                continue;
            };
            for (link, _) in work.all_links().enumerate().filter(|(_, link)| link.idempotent) {
                let ended = u32::try_from(link).ok().and_then(|link| known.link(link)?.ended.as_ref());
                let Some((outcome, lasts)) = ended.and_then(|ended| Some((&ended.outcome, ended.outcome.lasts_ms?)))
                else {
                    continue;
                };
                let debts: Vec<_> = outcome.opens.iter().filter(|debt| left.contains(debt)).cloned().collect();
                if !debts.is_empty() {
                    let place = Place { step, position, link };
                    open.push(OpenPlace { place, debts, lasts: Duration::from_millis(lasts) });
                }
            }
        }
    }
    open
}

/// A host that a person has left out of the rest of a step before it had begun.
fn left_out(prior: &Prior, step: &PlanStep, known: &PriorHost) -> Option<Onward> {
    let ended = known.ended.as_ref().filter(|ended| ended.state == State::Cancelled)?;
    let over = Onward::Over { result: (**ended).clone(), recorded: true, means: Means::Nothing };
    prior.step(&step.id).rest_skipped.then_some(over)
}

/// Whether nothing is left of a step, its end is on record, and nothing in it keeps what follows from being started. A step that undoes another has only the hosts that were changed.
fn is_over(plan: &Plan, index: usize, prior: &Prior, ways: &HashMap<(usize, usize), Onward>) -> bool {
    let step = &plan.steps[index];
    let known = prior.step(&step.id);
    match &step.work {
        Work::Manual { .. } => known.approved && (known.reached == Reached::End || step.makes.is_empty()),
        Work::Hosts(work) => {
            let is_done = |position: usize| match ways.get(&(index, position)) {
                Some(Onward::Over { recorded, means, result }) => {
                    *recorded && (result.state.is_good() || *means != Means::Failure)
                }
                Some(Onward::From(_)) => false,
                None => step.undoes.is_some(),
            };
            known.reached == Reached::End && (0..work.hosts.len()).all(is_done)
        }
    }
}

fn are_skipped_known(plan: &Plan, step: &PlanStep, prior: &Prior) -> bool {
    let is_known = |host: &usize| {
        let host = prior.host(&step.id, &plan.hosts[*host].name);
        host.is_some_and(|host| host.ended.is_some())
    };
    step.host_work().is_none_or(|work| work.skipped.iter().all(is_known))
}
