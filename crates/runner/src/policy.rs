use runsheet_events::StepTotals;

/// What happens when hosts fail: pure, fed by the dispatcher with durable totals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Start nothing new after the first host that failed.
    pub(crate) fail_fast: bool,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    GoOn,
    /// Start no further step; those that run are finished on all their hosts.
    NoFurtherStep,
    /// Start no further host either.
    NothingNew,
}

impl Policy {
    /// Judges a step while it runs.
    pub(crate) fn while_running(self, totals: &StepTotals) -> Verdict {
        if self.fail_fast && totals.bad() > 0 { Verdict::NothingNew } else { Verdict::GoOn }
    }

    /// Judges a step once it is over.
    pub(crate) fn when_over(totals: &StepTotals) -> Verdict {
        if totals.bad() > 0 { Verdict::NoFurtherStep } else { Verdict::GoOn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_host_ends_the_sheet_after_its_step() {
        let good = StepTotals { changed: 3, skipped: 1, ..StepTotals::default() };
        assert_eq!(Policy::when_over(&good), Verdict::GoOn);
        for bad in
            [StepTotals { failed: 1, ..good }, StepTotals { unreachable: 1, ..good }, StepTotals { lost: 1, ..good }]
        {
            assert_eq!(Policy { fail_fast: false }.while_running(&bad), Verdict::GoOn);
            assert_eq!(Policy { fail_fast: true }.while_running(&bad), Verdict::NothingNew);
            assert_eq!(Policy::when_over(&bad), Verdict::NoFurtherStep);
        }
    }
}
