use std::time::Duration;

use runsheet_forecast::{Alarm, Trend, Watch, among_peers, on_this_level};

use crate::noise::{Chance, Noise};

fn times(seconds: &[u64]) -> Vec<Duration> {
    seconds.iter().map(|&seconds| Duration::from_secs(seconds)).collect()
}

fn noisy(seconds: u64, runs: usize, deviation: f64, chance: &mut Chance) -> Vec<Duration> {
    (0..runs).map(|_| Noise::Normal(deviation).around(Duration::from_secs(seconds), chance)).collect()
}

#[test]
fn an_alarm_tells_what_is_usual_and_by_how_much_more_it_took() {
    let past = times(&[700, 720, 740, 730, 710, 720, 725, 715]);
    let alarm = Watch::over(1).look(Duration::from_mins(18), &past).expect("an alarm");
    assert_eq!((alarm.usual, alarm.runs, alarm.percent()), (Duration::from_mins(12), 8, 50));
}

#[test]
fn seven_past_runs_are_too_few_to_judge_by() {
    let past = times(&[10; 7]);
    assert_eq!(Watch::over(1).look(Duration::from_secs(100), &past), None);
    assert!(Watch::over(1).look(Duration::from_secs(100), &times(&[10; 8])).is_some());
}

#[test]
fn what_is_not_longer_by_a_second_is_nobodys_business() {
    let past = vec![Duration::from_millis(100); 20];
    for ms in [101, 150, 200, 400, 1000] {
        assert_eq!(Watch::over(1).look(Duration::from_millis(ms), &past), None, "{ms} ms");
    }
    assert!(Watch::over(1).look(Duration::from_millis(1200), &past).is_some());
}

#[test]
fn times_that_happen_to_be_alike_promise_nothing() {
    let past = times(&[600; 20]);
    assert_eq!(Watch::over(1).look(Duration::from_secs(700), &past), None);
    assert!(Watch::over(1).look(Duration::from_mins(15), &past).is_some());
}

#[test]
fn a_host_is_held_against_those_that_do_the_same() {
    let usual = times(&[60, 61, 59, 62, 60, 180]);
    let limit = among_peers(&usual).expect("enough of them");
    let slow: Vec<_> = usual.iter().filter_map(|took| limit.look(*took)).collect();
    assert_eq!(slow, [Alarm { took: Duration::from_mins(3), usual: Duration::from_millis(60_500), runs: 6 }]);
    // Half of them may be odd: then none is.
    let halves = times(&[60, 60, 60, 180, 180, 180]);
    assert!(halves.iter().all(|took| among_peers(&halves).expect("enough of them").look(*took).is_none()));
    assert!(among_peers(&usual[2..]).is_none(), "four are too few to judge by");
}

#[test]
fn with_five_thousand_hosts_it_takes_more() {
    let past = times(&[90, 95, 100, 105, 110, 92, 98, 102, 108, 100]);
    let took = Duration::from_secs(135);
    assert!(Watch::over(1).look(took, &past).is_some());
    assert_eq!(Watch::over(5000).look(took, &past), None);
}

#[test]
fn a_step_that_became_slower_raises_alarms_until_that_is_usual() {
    let mut chance = Chance::new(7);
    let mut past = noisy(100, 30, 0.05, &mut chance);
    let mut alarms = Vec::new();
    for run in 1..=12 {
        let took = noisy(160, 1, 0.05, &mut chance)[0];
        if Watch::over(1).look(took, &past).is_some() {
            alarms.push(run);
        }
        past.insert(0, took);
    }
    assert_eq!(alarms, [1, 2, 3, 4, 5, 6, 7, 8]);
    let Trend::Moved { from, to, runs } = Trend::of(&past) else { panic!("it has moved") };
    assert_eq!(runs, 12);
    assert!(from.as_secs().abs_diff(100) < 5 && to.as_secs().abs_diff(160) < 8, "{from:?} {to:?}");
    assert!((50..70).contains(&Trend::of(&past).percent()));
}

#[test]
fn a_level_is_found_where_it_changed() {
    let past = [noisy(60, 9, 0.05, &mut Chance::new(1)), noisy(100, 25, 0.05, &mut Chance::new(2))].concat();
    assert_eq!(on_this_level(&past), 9);
    // Three runs may be chance.
    assert_eq!(on_this_level(&past[6..]), 28);
}

#[test]
fn noise_alone_is_hardly_ever_taken_for_another_level() {
    let moved = (0..1000).filter(|&seed| on_this_level(&noisy(100, 50, 0.1, &mut Chance::new(seed))) < 50).count();
    assert!(moved <= 20, "{moved} of 1000");
}

#[test]
fn one_run_that_was_odd_is_no_trend() {
    let mut past = times(&[100; 20]);
    past[3] = Duration::from_secs(1000);
    assert_eq!((Trend::of(&past), Trend::of(&past).percent()), (Trend::Steady, 0));
    assert_eq!(Trend::of(&[]), Trend::Steady);
}

/// A step on one host whose times are as noisy as this is at the border of what one run can tell: that is measured here, so that the
/// documentation is true.
#[test]
fn what_one_host_with_much_noise_allows_is_as_documented() {
    let (mut found, mut usual_found, mut false_alarms) = (0, 0, 0);
    for seed in 0..200 {
        let mut chance = Chance::new(seed);
        let past = noisy(600, 50, 0.1, &mut chance);
        let slow: Option<Alarm> = Watch::over(1).look(noisy(900, 1, 0.1, &mut chance)[0], &past);
        found += usize::from(slow.is_some());
        usual_found += usize::from(Watch::over(1).look(Duration::from_mins(15), &past).is_some());
        for took in noisy(600, 20, 0.1, &mut chance) {
            false_alarms += usize::from(Watch::over(1).look(took, &past).is_some());
        }
    }
    assert!(found > 150, "{found} of 200");
    assert!(usual_found > 196, "{usual_found} of 200");
    assert!(false_alarms < 5, "{false_alarms} of 4000");
}
