//! How a run takes up what earlier epochs left.

use runsheet_events::EventKind;

use super::Dispatcher;
use crate::executor::Executor;
use crate::host_run::Start;
use crate::policy::Verdict;
use crate::resume::{Means, Onward};
use crate::rollout::Part;

impl Dispatcher {
    /// Records what was said about attempts of which nobody knew how they ended, and leaves what is over to itself.
    pub(super) fn go_on(&mut self, executor: &Executor) {
        let Some(resumed) = &mut self.resumed else { return };
        let who = resumed.who.clone();
        let answers = std::mem::take(&mut resumed.answers);
        let open = std::mem::take(&mut resumed.open);
        for file in std::mem::take(&mut resumed.files) {
            executor.learn(file);
        }
        for (key, answer) in answers {
            self.emit(EventKind::LostAnswered { key, answer, who: who.clone() });
        }
        self.take_over_debts(open);
        let plan = self.plan.clone();
        for (index, step) in plan.steps.iter().enumerate() {
            let over = self.resumed.as_ref().is_some_and(|resumed| resumed.undoing || resumed.is_over(index));
            if let Some(work) = step.host_work().filter(|_| step.left_out.is_none() && step.undoes.is_none() && over) {
                executor.pass_over(index, &(0..work.hosts.len()).collect::<Vec<_>>());
                self.exclude_bad(index);
            }
        }
    }

    /// What part a host takes in a step, after what earlier epochs did.
    pub(super) fn part(&self, index: usize, position: usize) -> Part {
        match self.resumed.as_ref().and_then(|resumed| resumed.onward(index, position)) {
            None => Part::Begins,
            Some(Onward::From(_)) => Part::GoesOn,
            Some(Onward::Over { .. }) => Part::Done,
        }
    }

    /// Where a host goes on.
    pub(super) fn left_of(&self, index: usize, position: usize) -> Option<Start> {
        match self.resumed.as_ref()?.onward(index, position)? {
            Onward::From(start) => Some(start.clone()),
            Onward::Over { .. } => None,
        }
    }

    pub(super) fn knows_skipped(&self, index: usize) -> bool {
        self.resumed.as_ref().is_some_and(|resumed| resumed.knows_skipped(index))
    }

    /// How many hosts of a step are over whose ends are not on record.
    pub(super) fn unrecorded(&self, index: usize) -> usize {
        self.over_hosts(index).filter(|(_, over)| matches!(over, Onward::Over { recorded: false, .. })).count()
    }

    /// Takes note of the hosts of a step that are over, before the others go on.
    pub(super) fn carry_over(&mut self, index: usize, executor: &Executor) {
        if self.resumed.is_none() {
            return;
        }
        let plan = self.plan.clone();
        let Some(work) = plan.steps[index].host_work() else { return };
        // Whoever goes on in a wave goes on whatever has failed in it.
        if self.steps.get(&index).is_some_and(|progress| progress.rollout.is_begun()) {
            self.open_wave(index);
        }
        let over: Vec<_> = self.over_hosts(index).map(|(position, over)| (position, over.clone())).collect();
        for (position, over) in over {
            let Onward::Over { result, recorded, means } = over else { continue };
            executor.pass_over(index, &[position]);
            if let Some(progress) = self.steps.get_mut(&index) {
                progress.carry(position, &result.state, means);
            }
            if !recorded {
                let (step, host) = (plan.steps[index].id.clone(), plan.hosts[work.hosts[position]].name.clone());
                self.emit(EventKind::HostFinished { step, host, result });
            }
        }
        if let Some(progress) = self.steps.get_mut(&index) {
            progress.worst = progress.worst.max(progress.verdict());
            if progress.worst > Verdict::GoOn {
                self.enforce(index, executor);
            }
        }
    }

    /// Leaves hosts that did not end well in a step out of those that follow.
    fn exclude_bad(&mut self, index: usize) {
        let bad: Vec<_> = self
            .over_hosts(index)
            .filter(|(_, over)| matches!(over, Onward::Over { result, means, .. } if !result.state.is_good() && *means != Means::Nothing))
            .map(|(position, _)| position)
            .collect();
        let plan = self.plan.clone();
        let Some(work) = plan.steps[index].host_work() else { return };
        for position in bad {
            let why = format!("left out: it did not end well in `{}`", plan.steps[index].id);
            self.excluded.entry(work.hosts[position]).or_insert(why);
        }
    }

    /// The hosts of a step on which nothing is left to do.
    fn over_hosts(&self, index: usize) -> impl Iterator<Item = (usize, &Onward)> {
        let hosts = self.plan.steps[index].host_work().map_or(0, |work| work.hosts.len());
        (0..hosts).filter_map(move |position| {
            let onward = self.resumed.as_ref()?.onward(index, position)?;
            matches!(onward, Onward::Over { .. }).then_some((position, onward))
        })
    }
}
