use std::time::Duration;

use runsheet_forecast::{Basis, HostPast, Past, Range, Sample, Shape, TaskPast, Usual, forecast};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn shape(waves: &[usize], at_once: usize) -> Shape {
    Shape { waves: waves.to_vec(), at_once, pause: Duration::ZERO }
}

fn own(times: &[u64], hosts: usize) -> Vec<Sample> {
    times.iter().map(|&time| Sample { took: seconds(time), hosts }).collect()
}

#[test]
fn usual_times_are_summed_up_by_medians() {
    let usual = Usual::of(&[10, 12, 11, 13, 100].map(seconds)).expect("five times");
    assert_eq!((usual.runs, usual.median), (5, seconds(12)));
    // The deviations are 0, 1, 1, 2 and 88.
    assert_eq!(usual.spread, Duration::from_millis(1483).saturating_sub(Duration::from_micros(400)));
    assert_eq!(usual.p10, Duration::from_millis(10_400));
    assert_eq!(usual.p90, Duration::from_millis(65_200));
    assert_eq!(Usual::of(&[]), None);
}

#[test]
fn a_step_with_a_past_is_forecast_by_it() {
    let past = Past {
        own: own(&[100, 110, 90, 105, 500], 4),
        hosts: vec![HostPast { times: vec![seconds(1)] }; 4],
        tasks: Vec::new(),
        expected: Some(seconds(60)),
        shape: shape(&[4], 4),
    };
    let found = forecast(&past).expect("a forecast");
    assert_eq!((found.basis, found.time, found.runs), (Basis::Step, seconds(105), 5));
    assert_eq!(found.range, Some(Range { low: seconds(94), high: seconds(344) }));
}

#[test]
fn only_the_newest_runs_count_and_only_those_since_it_changed() {
    let mut times = vec![100; 30];
    times.extend([10; 20]);
    let past = Past { own: own(&times, 1), shape: shape(&[1], 1), ..Past::default() };
    let found = forecast(&past).expect("a forecast");
    assert_eq!((found.time, found.runs), (seconds(100), 20));
    let past = Past { own: own(&[[60; 6].as_slice(), &[20; 40]].concat(), 1), ..past };
    let found = forecast(&past).expect("a forecast");
    assert_eq!((found.time, found.runs), (seconds(60), 6));
}

#[test]
fn more_hosts_take_more_turns() {
    // 10 hosts by 5 took two turns; 25 take five.
    let past = Past { own: own(&[100, 100, 100], 10), shape: shape(&[25], 5), ..Past::default() };
    assert_eq!(forecast(&past).expect("a forecast").time, seconds(250));
    // As long as there are enough forks, their number does not matter.
    let past = Past { own: own(&[100, 100, 100], 10), shape: shape(&[25], 64), ..Past::default() };
    assert_eq!(forecast(&past).expect("a forecast").time, seconds(100));
    let past = Past { own: own(&[100, 100, 100], 0), shape: shape(&[25], 5), ..Past::default() };
    assert_eq!(forecast(&past).expect("a forecast").time, seconds(100));
}

#[test]
fn a_step_without_a_past_is_forecast_by_its_tasks_on_its_hosts() {
    let hosts = [10, 20, 30, 40].map(|time| HostPast { times: vec![seconds(time); 3] }).to_vec();
    let past = Past { hosts: hosts.clone(), expected: Some(seconds(7)), shape: shape(&[4], 2), ..Past::default() };
    // The first two begin at once; the third begins after 10, the fourth after 20.
    let found = forecast(&past).expect("a forecast");
    assert_eq!((found.basis, found.time, found.runs), (Basis::Tasks, seconds(60), 3));
    let waves = Shape { pause: seconds(5), ..shape(&[1, 3], 4) };
    let past = Past { hosts, shape: waves, ..past };
    assert_eq!(forecast(&past).expect("a forecast").time, seconds(10 + 5 + 40));
}

#[test]
fn a_step_that_is_new_everywhere_is_forecast_by_its_tasks_elsewhere() {
    let task = |medians: &[u64], longest: &[u64]| TaskPast {
        medians: medians.iter().copied().map(seconds).collect(),
        longest: longest.iter().copied().map(seconds).collect(),
    };
    let tasks = vec![task(&[10, 12, 11, 500], &[20, 20, 20, 900]), task(&[1, 1, 1], &[2, 2, 2])];
    let past = Past { tasks: tasks.clone(), expected: Some(seconds(7)), shape: shape(&[3], 3), ..Past::default() };
    let found = forecast(&past).expect("a forecast");
    // The slowest of three hosts decides; the odd run changes nothing.
    assert_eq!((found.basis, found.time, found.runs), (Basis::Elsewhere, seconds(22), 3));
    // One host takes as long as half of the hosts did.
    let alone = Past { shape: shape(&[1], 1), ..past.clone() };
    assert_eq!(forecast(&alone).expect("a forecast").time, Duration::from_millis(12_500));
    // A host after the other: the slowest, and two as usual.
    let one_by_one = Past { shape: shape(&[3], 1), ..past.clone() };
    assert_eq!(forecast(&one_by_one).expect("a forecast").time, seconds(22) + Duration::from_secs(25));

    // What is known of the step itself, or of its hosts, counts more.
    let hosts = vec![HostPast { times: vec![seconds(5)] }; 3];
    let on_hosts = forecast(&Past { hosts, ..past.clone() }).expect("a forecast");
    assert_eq!((on_hosts.basis, on_hosts.time), (Basis::Tasks, seconds(5)));
    let itself = forecast(&Past { own: own(&[9], 3), ..past.clone() }).expect("a forecast");
    assert_eq!((itself.basis, itself.time), (Basis::Step, seconds(9)));
    // A task of which nothing is known could take any time.
    let half_known = Past { tasks: vec![tasks[0].clone(), TaskPast::default()], ..past };
    assert_eq!(forecast(&half_known).expect("a forecast").basis, Basis::Sheet);
}

#[test]
fn without_any_past_the_sheet_is_believed() {
    let past = Past {
        hosts: vec![HostPast { times: vec![seconds(1)] }, HostPast::default()],
        expected: Some(seconds(60)),
        shape: shape(&[2], 2),
        ..Past::default()
    };
    let found = forecast(&past).expect("a forecast");
    assert_eq!((found.basis, found.time, found.range, found.runs), (Basis::Sheet, seconds(60), None, 0));
    assert_eq!(forecast(&Past::default()), None);
}

#[test]
fn two_runs_are_no_range() {
    let past = Past { own: own(&[10, 20], 1), shape: shape(&[1], 1), ..Past::default() };
    assert_eq!(forecast(&past).expect("a forecast").range, None);
}
