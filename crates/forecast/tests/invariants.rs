use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use runsheet_forecast::{Ahead, Past, Sample, Shape, Trend, Usual, Watch, finish, forecast, on_this_level, remaining};

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(Duration::ZERO), Just(Duration::MAX), any::<u32>().prop_map(|ms| Duration::from_millis(ms.into()))]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sum_lies_within_the_times_and_one_odd_time_of_three_or_more_never_leads_out_of_the_others(
        mut times in vec(time(), 3..60), odd in time(), place in any::<prop::sample::Index>()
    ) {
        let (low, high) = (*times.iter().min().expect("three"), *times.iter().max().expect("three"));
        let usual = Usual::of(&times).expect("three");
        prop_assert!(low <= usual.p10 && usual.p10 <= usual.median);
        prop_assert!(usual.median <= usual.p90 && usual.p90 <= high);
        let place = place.index(times.len());
        times[place] = odd;
        let others: Vec<_> = times.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, time)| *time).collect();
        let median = Usual::of(&times).expect("three").median;
        prop_assert!(median >= *others.iter().min().expect("two") && median <= *others.iter().max().expect("two"));
    }

    #[test]
    fn the_present_level_holds_all_or_at_least_five(times in vec(time(), 0..80)) {
        let level = on_this_level(&times);
        prop_assert!(level <= times.len().min(50));
        prop_assert!(level == times.len().min(50) || level >= 5);
        _ = Trend::of(&times).percent();
    }

    #[test]
    fn what_takes_no_longer_than_the_longest_of_its_level_by_a_third_or_less_than_usual_is_no_alarm(
        times in vec(1_000u64..100_000, 0..60), took in 0u64..200_000, comparisons in 0usize..10_000
    ) {
        let times: Vec<_> = times.into_iter().map(Duration::from_millis).collect();
        let took = Duration::from_millis(took);
        if let Some(alarm) = Watch::over(comparisons).look(took, &times) {
            prop_assert!(times.len() >= 8 && alarm.runs >= 8);
            prop_assert!(took >= alarm.usual + Duration::from_secs(1));
            prop_assert!(took.as_secs_f64() >= alarm.usual.as_secs_f64() * 1.299);
            prop_assert!(alarm.percent() >= 30);
            // More comparisons, or more time, never make an alarm of none the other way round.
            prop_assert!(Watch::over(0).look(took, &times).is_some());
            prop_assert!(Watch::over(comparisons).look(took * 2, &times).is_some());
        }
    }

    #[test]
    fn a_forecast_by_its_own_past_lies_within_it(times in vec(time(), 1..60), hosts in 1usize..100) {
        let own: Vec<_> = times.iter().map(|&took| Sample { took, hosts }).collect();
        let shape = Shape { waves: vec![hosts], at_once: 7, pause: Duration::ZERO };
        let found = forecast(&Past { own, shape, ..Past::default() }).expect("a forecast");
        // Scaled by 1 through seconds in floating point.
        let near = |time: Duration| time.as_secs_f64() * 1e-9 + 1e-6;
        let (low, high) = (*times.iter().min().expect("one"), *times.iter().max().expect("one"));
        prop_assert!(found.time.as_secs_f64() >= low.as_secs_f64() - near(low));
        prop_assert!(found.time.as_secs_f64() <= high.as_secs_f64() + near(high));
        if let Some(range) = found.range {
            prop_assert!(range.low <= found.time && found.time <= range.high);
        }
    }

    #[test]
    fn all_hosts_together_take_at_least_the_longest_and_at_most_all_one_after_the_other(
        waves in vec(1usize..20, 0..6), at_once in 0usize..30, ms in vec(0u64..100_000, 0..120)
    ) {
        let shape = Shape { waves, at_once, pause: Duration::ZERO };
        let times: Vec<_> = ms.into_iter().take(shape.hosts()).map(Duration::from_millis).collect();
        let together = shape.together(&times);
        prop_assert!(together >= times.iter().max().copied().unwrap_or_default());
        prop_assert!(together <= times.iter().sum());
    }

    #[test]
    fn the_end_is_no_sooner_than_any_step_and_no_later_than_all(
        steps in vec((0u64..100_000, vec(any::<prop::sample::Index>(), 0..4)), 0..40)
    ) {
        let ahead: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(at, (left, after))| Ahead {
                after: if at == 0 { Vec::new() } else { after.iter().map(|index| index.index(at)).collect() },
                left: Some(Duration::from_millis(*left)),
                waiting: Duration::ZERO,
            })
            .collect();
        let found = finish(&ahead);
        let all = || ahead.iter().filter_map(|step| step.left);
        prop_assert!(found.left >= all().max().unwrap_or_default() && found.left <= all().sum());
        let on_path: Duration = found.path.iter().filter_map(|&index| ahead[index].left).sum();
        prop_assert_eq!(on_path, found.left);
    }

    #[test]
    fn what_is_left_is_never_more_than_the_forecast(forecast in time(), elapsed in time()) {
        let left = remaining(forecast, elapsed);
        prop_assert!(left <= forecast);
        prop_assert!(forecast.is_zero() || left >= Duration::from_secs(1).min(forecast));
    }
}
