use std::collections::{BTreeMap, BTreeSet, VecDeque};

use runsheet_events::RunStats;
use runsheet_model::State;
use runsheet_plan::Plan;

use crate::resume::{Onward, Resumption};
use crate::stop::Stop;

/// The hosts that ended well and were changed, by their positions in the plan, of each step that another undoes.
#[derive(Debug, Default)]
pub(crate) struct Changed(BTreeMap<usize, BTreeSet<usize>>);

impl Changed {
    /// What earlier epochs have changed.
    pub(crate) fn so_far(plan: &Plan, resumed: Option<&Resumption>) -> Self {
        let mut changed = Self(plan.steps.iter().filter_map(|step| Some((step.undoes?, BTreeSet::new()))).collect());
        let undone: Vec<_> = changed.0.keys().copied().collect();
        for step in undone {
            for position in 0..plan.steps[step].host_work().map_or(0, |work| work.hosts.len()) {
                if let Some(Onward::Over { result, .. }) = resumed.and_then(|resumed| resumed.onward(step, position)) {
                    changed.note(plan, step, position, &result.state);
                }
            }
        }
        changed
    }

    /// A step is over on its host at `position`.
    pub(crate) fn note(&mut self, plan: &Plan, step: usize, position: usize, state: &State) {
        if *state == (State::Ok { changed: true })
            && let (Some(hosts), Some(work)) = (self.0.get_mut(&step), plan.steps[step].host_work())
        {
            hosts.insert(work.hosts[position]);
        }
    }

    fn on(&self, step: usize, host: usize) -> bool {
        self.0.get(&step).is_some_and(|hosts| hosts.contains(&host))
    }
}

/// What is undone after a failure: the steps that do so, the last of those that they undo first.
#[derive(Debug)]
pub(crate) struct Undo {
    queue: VecDeque<(usize, BTreeSet<usize>)>,
    /// Apart from that of the run, which starts nothing new.
    pub(crate) stop: Stop,
}

impl Undo {
    /// Finds what is to be undone: every step that ran and says how, on exactly the hosts that it changed.
    pub(crate) fn of(plan: &Plan, changed: &Changed, stats: &RunStats, stop: &Stop) -> Self {
        let mut queue = VecDeque::new();
        for undone in (0..plan.steps.len()).rev() {
            // Where it failed after it had begun, something may have been changed too. Where nobody knows how it ended, a person has to look.
            let troubled = stats.step(&plan.steps[undone].id).map(|step| &step.troubled);
            let has_failed = |host: usize| {
                let ended = troubled.and_then(|troubled| troubled.get(&plan.hosts[host].name));
                ended.is_some_and(|ended| ended.started.is_some() && matches!(ended.result.state, State::Failed { .. }))
            };
            for (undoing, step) in plan.steps.iter().enumerate().filter(|(_, step)| step.undoes == Some(undone)) {
                let Some(work) = step.host_work().filter(|_| step.left_out.is_none()) else { continue };
                let wants = |host: usize| changed.on(undone, host) || has_failed(host);
                let positions: BTreeSet<_> =
                    (0..work.hosts.len()).filter(|&position| wants(work.hosts[position])).collect();
                if !positions.is_empty() {
                    queue.push_back((undoing, positions));
                }
            }
        }
        Self { queue, stop: stop.apart() }
    }

    /// Gives the next step, and the positions of its hosts that take part.
    pub(crate) fn next(&mut self) -> Option<(usize, BTreeSet<usize>)> {
        self.queue.pop_front()
    }
}
