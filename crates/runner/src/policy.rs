use runsheet_plan::{HostWork, OnFailure, PlanPolicy, Scope};

use crate::rollout::Left;

/// What happens when hosts of a step fail: pure, fed by the dispatcher with durable totals.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    rules: PlanPolicy,
    /// How many hosts the step has.
    hosts: usize,
    /// Whether it goes through a window, in which every host is a wave of its own.
    slides: bool,
    /// Start nothing new after the first host that failed.
    fail_fast: bool,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Go on.
    GoOn,
    /// Finish the wave, and start nothing later.
    FinishWave,
    /// Start no further host of the step, and nothing later.
    NoFurtherHost,
    /// Start nothing at all, in other steps either.
    NothingNew,
}

/// Hosts that ended badly and that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Failed.
    pub failed: usize,
    /// Not reached.
    pub unreachable: usize,
    /// Nobody knows.
    pub lost: usize,
}

impl Tally {
    /// Where hosts are counted that ended so; nowhere if that is well.
    pub(crate) fn of(&mut self, left: Left) -> Option<&mut usize> {
        match left {
            Left::Good => None,
            Left::Failed => Some(&mut self.failed),
            Left::Lost => Some(&mut self.lost),
            Left::Unreachable => Some(&mut self.unreachable),
        }
    }
}

impl Policy {
    /// The policy of a step.
    pub fn new(work: &HostWork, fail_fast: bool) -> Self {
        let hosts = work.hosts.len();
        Self { rules: work.policy, hosts, slides: work.rollout.window.is_some(), fail_fast }
    }

    /// Judges hosts that ended badly: those of the step, and those of its present wave with so many hosts.
    pub fn judge(&self, step: Tally, wave: Tally, wave_hosts: usize) -> Verdict {
        let hosts = self.counted_over(wave_hosts);
        let tally = if self.rules.of == Scope::Step { step } else { wave };
        let counted_apart = self.rules.max_unreachable.map(|most| tally.unreachable > most.of(hosts));
        let failed = tally.failed + tally.lost + if counted_apart.is_some() { 0 } else { tally.unreachable };
        let too_many = failed > self.rules.max_fail.map_or(0, |most| most.of(hosts));
        let too_many_unreachable = counted_apart == Some(true);
        let verdict = if !too_many && !too_many_unreachable {
            Verdict::GoOn
        } else if self.fail_fast || self.rules.on_failure == OnFailure::Rollback {
            Verdict::NothingNew
        } else if self.rules.on_failure == OnFailure::Continue {
            Verdict::GoOn
        } else if (too_many && self.rules.max_fail.is_some()) || too_many_unreachable {
            Verdict::NothingNew
        } else if self.slides {
            Verdict::NoFurtherHost
        } else {
            Verdict::FinishWave
        };
        // What nobody knows is never tolerated.
        let unknown = match (step.lost > 0, self.slides) {
            (false, _) => Verdict::GoOn,
            (true, true) => Verdict::NoFurtherHost,
            (true, false) => Verdict::FinishWave,
        };
        verdict.max(unknown)
    }

    /// Whether what was changed is undone when too many failed.
    pub fn rolls_back(&self) -> bool {
        self.rules.on_failure == OnFailure::Rollback
    }

    /// How many failures are tolerated, and of how many hosts: those of the step, or of a wave with so many.
    pub fn tolerates(&self, wave_hosts: usize) -> (usize, usize) {
        let hosts = self.counted_over(wave_hosts);
        (self.rules.max_fail.map_or(0, |most| most.of(hosts)), hosts)
    }

    fn counted_over(&self, wave_hosts: usize) -> usize {
        match self.rules.of {
            Scope::Step => self.hosts,
            Scope::Wave => wave_hosts,
        }
    }
}

#[cfg(test)]
mod tests {
    use runsheet_model::Share;
    use runsheet_plan::{PlanRollout, PlanWindow};

    use super::*;

    fn policy(hosts: usize, rules: PlanPolicy) -> Policy {
        Policy { rules, hosts, slides: false, fail_fast: false }
    }

    fn failed(failed: usize) -> Tally {
        Tally { failed, ..Tally::default() }
    }

    fn of_step(policy: &Policy, tally: Tally) -> Verdict {
        policy.judge(tally, tally, policy.hosts)
    }

    #[test]
    fn one_bad_host_ends_the_sheet_after_its_wave() {
        let plain = policy(10, PlanPolicy::default());
        assert_eq!(of_step(&plain, failed(0)), Verdict::GoOn);
        let lost = Tally { lost: 1, ..Tally::default() };
        let unreachable = Tally { unreachable: 1, ..Tally::default() };
        for bad in [failed(1), lost, unreachable] {
            assert_eq!(of_step(&plain, bad), Verdict::FinishWave);
            assert_eq!(of_step(&Policy { slides: true, ..plain }, bad), Verdict::NoFurtherHost);
            assert_eq!(of_step(&Policy { fail_fast: true, ..plain }, bad), Verdict::NothingNew);
        }
    }

    #[test]
    fn so_many_may_fail_and_one_more_starts_nothing_new() {
        let share = |text| Share::parse(text).ok();
        let some = policy(20, PlanPolicy { max_fail: share("10%"), ..PlanPolicy::default() });
        assert_eq!(
            [0, 2, 3].map(|count| of_step(&some, failed(count))),
            [Verdict::GoOn, Verdict::GoOn, Verdict::NothingNew]
        );
        assert_eq!(of_step(&some, Tally { failed: 1, unreachable: 2, lost: 0 }), Verdict::NothingNew);
        let apart = PlanPolicy { max_unreachable: share("2"), ..some.rules };
        let apart = policy(20, apart);
        assert_eq!(of_step(&apart, Tally { failed: 2, unreachable: 2, lost: 0 }), Verdict::GoOn);
        assert_eq!(of_step(&apart, Tally { failed: 0, unreachable: 3, lost: 0 }), Verdict::NothingNew);
        let only_apart = policy(20, PlanPolicy { max_unreachable: share("2"), ..PlanPolicy::default() });
        assert_eq!(of_step(&only_apart, Tally { failed: 1, unreachable: 2, lost: 0 }), Verdict::FinishWave);
    }

    #[test]
    fn a_wave_may_be_judged_by_itself() {
        let rules = PlanPolicy { max_fail: Share::parse("50%").ok(), of: Scope::Wave, ..PlanPolicy::default() };
        let policy = policy(20, rules);
        assert_eq!(policy.judge(failed(3), failed(1), 2), Verdict::GoOn);
        assert_eq!(policy.judge(failed(3), failed(2), 2), Verdict::NothingNew);
    }

    #[test]
    fn what_nobody_knows_is_never_tolerated() {
        let rules = PlanPolicy {
            max_fail: Share::parse("100%").ok(),
            on_failure: OnFailure::Continue,
            ..PlanPolicy::default()
        };
        let policy = policy(20, rules);
        assert_eq!(of_step(&policy, failed(20)), Verdict::GoOn);
        assert_eq!(of_step(&policy, Tally { lost: 1, ..Tally::default() }), Verdict::FinishWave);
    }

    #[test]
    fn a_sheet_goes_on_or_is_undone_if_that_is_what_it_says() {
        let with = |on_failure| policy(20, PlanPolicy { on_failure, ..PlanPolicy::default() });
        assert_eq!(of_step(&with(OnFailure::Continue), failed(20)), Verdict::GoOn);
        assert_eq!(of_step(&with(OnFailure::Rollback), failed(1)), Verdict::NothingNew);
        assert!(with(OnFailure::Rollback).rolls_back());
        let fail_fast = Policy { fail_fast: true, ..with(OnFailure::Continue) };
        assert_eq!(of_step(&fail_fast, failed(1)), Verdict::NothingNew);
    }

    #[test]
    fn a_window_is_taken_from_the_plan() {
        let window = PlanWindow { size: 1, floor: 0, beside: 0 };
        let work = HostWork {
            hosts: vec![0, 1],
            skipped: Vec::new(),
            forks: 1,
            links: Vec::new(),
            always: Vec::new(),
            rollout: PlanRollout { window: Some(window), ..PlanRollout::whole(2) },
            policy: PlanPolicy::default(),
        };
        assert_eq!(of_step(&Policy::new(&work, false), failed(1)), Verdict::NoFurtherHost);
    }
}
