use std::collections::{BTreeSet, VecDeque};

use runsheet_events::RunStats;
use runsheet_model::State;
use runsheet_plan::Plan;

use crate::stop::Stop;

/// What is undone after a failure: the steps that do so, the last of those that they undo first.
#[derive(Debug)]
pub(crate) struct Undo {
    queue: VecDeque<(usize, BTreeSet<usize>)>,
    /// Apart from that of the run, which starts nothing new.
    pub(crate) stop: Stop,
}

impl Undo {
    /// Finds what is to be undone: every step that ran and says how, on exactly the hosts that it changed.
    pub(crate) fn of(plan: &Plan, stats: &RunStats, stop: &Stop) -> Self {
        let mut queue = VecDeque::new();
        for undone in (0..plan.steps.len()).rev() {
            let changed = changed(plan, stats, undone);
            for (undoing, step) in plan.steps.iter().enumerate().filter(|(_, step)| step.undoes == Some(undone)) {
                let Some(work) = step.host_work().filter(|_| step.left_out.is_none()) else { continue };
                let positions: BTreeSet<_> =
                    (0..work.hosts.len()).filter(|&position| changed.contains(&work.hosts[position])).collect();
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

/// The hosts that a step changed: those where it said so, and those where it failed after it had begun. Where nobody knows how it ended, a
/// person has to look.
fn changed(plan: &Plan, stats: &RunStats, step: usize) -> BTreeSet<usize> {
    let Some(work) = plan.steps[step].host_work() else { return BTreeSet::new() };
    let Some(ended) = stats.step(&plan.steps[step].id) else { return BTreeSet::new() };
    let is_changed = |host: &usize| {
        ended.hosts.get(&plan.hosts[*host].name).is_some_and(|host| match host.result.state {
            State::Ok { changed } => changed,
            State::Failed { .. } => host.started.is_some(),
            _ => false,
        })
    };
    work.hosts.iter().copied().filter(is_changed).collect()
}
