use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use runsheet_events::{RunForecast, StepStats, TookLonger};
use runsheet_forecast::Limit;
use runsheet_model::{HostName, StepId};

/// Of how many hosts of a step it is told that they took longer.
const TOLD: usize = 10;

/// What past runs say of the steps of a plan, by their positions in the plan. Without it nothing is foreseen, and nothing takes too
/// long.
#[derive(Clone, Debug, Default)]
pub struct Foreseen {
    /// How long each step will take, as it is written into the record.
    pub forecasts: BTreeMap<usize, Duration>,
    /// When the run will be over, as it is written into the record.
    pub finish: Option<RunForecast>,
    /// From when on a step takes longer than it usually does.
    pub steps: BTreeMap<usize, Limit>,
    /// From when on it takes longer than it usually does on a host.
    pub hosts: BTreeMap<usize, HashMap<HostName, Limit>>,
}

/// The hosts of a step that have ended well, as far as it is known how long they usually take.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    hosts: usize,
    longer: Vec<TookLonger>,
}

impl Foreseen {
    /// A host of a step has ended well.
    pub(crate) fn judge(&self, index: usize, step: &StepId, host: &HostName, took: Duration, judged: &mut Judged) {
        let Some(limit) = self.hosts.get(&index).and_then(|limits| limits.get(host)) else { return };
        judged.hosts += 1;
        judged.longer.extend(longer(step, Some(host), limit, took));
    }

    /// What took longer than usual in a step that is over: the step as a whole, and then up to 10 of its hosts, the worst first. Hosts are
    /// not named if half of those that can be judged took longer: then it is the step's matter.
    ///
    /// What did not end well says nothing, nor does a step that was broken off and went on later.
    pub(crate) fn longer(&self, index: usize, step: &StepStats, judged: Judged) -> Vec<TookLonger> {
        let Some(took) = step.took.filter(|_| !step.was_broken_off()) else { return Vec::new() };
        let ended_well = step.totals.bad() == 0 && step.totals.cancelled == 0;
        let whole = self.steps.get(&index).filter(|_| ended_well);
        let whole = whole.and_then(|limit| longer(&step.planned.step, None, limit, took));
        let Judged { hosts: all, longer: mut hosts } = judged;
        if hosts.len() > 1 && hosts.len() * 2 >= all {
            hosts.clear();
        }
        let times = |longer: &TookLonger| longer.took.as_secs_f64() / longer.usual.as_secs_f64().max(0.001);
        // Equally slow ones in the order of their names, whichever ended first.
        hosts.sort_by(|one, other| times(other).total_cmp(&times(one)).then_with(|| one.host.cmp(&other.host)));
        hosts.truncate(TOLD);
        whole.into_iter().chain(hosts).collect()
    }
}

fn longer(step: &StepId, host: Option<&HostName>, limit: &Limit, took: Duration) -> Option<TookLonger> {
    let alarm = limit.look(took)?;
    Some(TookLonger { step: step.clone(), host: host.cloned(), took, usual: alarm.usual, runs: alarm.runs })
}

#[cfg(test)]
mod tests {
    use runsheet_events::PlannedStep;
    use runsheet_model::{Failure, State};

    use super::*;

    fn name(number: usize) -> HostName {
        HostName::new(format!("web{number}")).expect("a name")
    }

    fn limit(usual: u64) -> Limit {
        let usual = Duration::from_secs(usual);
        Limit { usual, runs: 20, longest: usual * 2 }
    }

    /// A step of ten hosts, each of which takes ten seconds at most twenty.
    fn judged(took: u64, hosts: &[u64], state: &State) -> Vec<TookLonger> {
        let planned = PlannedStep {
            step: StepId::new("roll").expect("an id"),
            name: "Roll web".to_owned(),
            tasks: Vec::new(),
            hosts: hosts.len(),
            owner: None,
            expect_ms: None,
            forecast_ms: None,
            undoes: None,
            after: None,
        };
        let mut step = StepStats::new(planned);
        step.took = Some(Duration::from_secs(took));
        let limits = (0..hosts.len()).map(|number| (name(number), limit(10))).collect();
        let foreseen = Foreseen {
            steps: BTreeMap::from([(0, limit(10))]),
            hosts: BTreeMap::from([(0, limits)]),
            ..Foreseen::default()
        };
        let mut judged = Judged::default();
        for (number, &took) in hosts.iter().enumerate() {
            step.totals.count(state);
            if matches!(state, State::Ok { .. }) {
                foreseen.judge(0, &step.planned.step, &name(number), Duration::from_secs(took), &mut judged);
            }
        }
        foreseen.longer(0, &step, judged)
    }

    const OK: State = State::Ok { changed: true };

    #[test]
    fn a_host_that_takes_longer_than_it_usually_does_is_named_after_its_step() {
        let found = judged(30, &[10, 30, 10, 25, 10, 10, 10], &OK);
        let told: Vec<_> = found.iter().map(|longer| (longer.host.clone(), longer.took.as_secs())).collect();
        assert_eq!(told, [(None, 30), (Some(name(1)), 30), (Some(name(3)), 25)]);
        assert_eq!(judged(20, &[20; 7], &OK), []);
    }

    #[test]
    fn where_half_of_the_hosts_take_longer_it_is_the_steps_matter() {
        let found = judged(30, &[30, 30, 10, 10], &OK);
        assert_eq!(found.len(), 1);
        assert_eq!(judged(10, &[30], &OK).len(), 1, "one host alone is named");
    }

    #[test]
    fn what_did_not_end_well_says_nothing() {
        assert_eq!(judged(30, &[30], &State::Failed { failure: Failure::Task { value: 1 } }), []);
        assert_eq!(judged(30, &[30], &State::Cancelled), []);
    }

    #[test]
    fn only_the_worst_hosts_are_named() {
        let mut times = vec![10; 50];
        times[..20].copy_from_slice(&(30..50).collect::<Vec<_>>());
        let found = judged(10, &times, &OK);
        assert_eq!(found.len(), TOLD);
        assert_eq!(found[0].took.as_secs(), 49);
    }
}
