//! Locks on the hosts, against runs of other machines.

use std::time::Duration;

use runsheet_events::{CancelReason, EventKind};
use runsheet_model::State;
use runsheet_runner::{Settings, Signal};

use crate::played_lock::PlayedLock;
use crate::stage::{Behaviour, Report, Stage};
use crate::states;

fn acts(report: &Report, host: usize) -> Vec<&str> {
    report.locks[host].asked.iter().map(|(act, _)| act.as_str()).collect()
}

/// No run holds any lock any more, but for those that others had.
fn assert_all_ended(report: &Report) {
    for lock in &report.locks {
        assert!(lock.run.as_deref().is_none_or(|run| run == "another"), "{lock:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_host_is_locked_before_the_first_step_and_no_more_in_the_end() {
    let report = Stage::new(3, 2).locks(vec![PlayedLock::default(); 3]).run().await;
    assert!(states(&report, 1).iter().all(|(_, state)| *state == State::Ok { changed: true }));
    assert_eq!(report.connects, [1, 1, 1], "a lock has no connection of its own");
    assert_eq!(report.closed, 3);
    for host in 0..3 {
        assert_eq!(acts(&report, host), ["take", "end"]);
    }
    assert_all_ended(&report);
    let first = report.kinds(|kind| match kind {
        EventKind::HostConnected { .. } => Some("connected"),
        EventKind::StepStarted { .. } => Some("step"),
        _ => None,
    });
    assert_eq!(first[..4], ["connected", "connected", "connected", "step"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_get_all_locks_keeps_none_and_does_nothing() {
    let locks = vec![PlayedLock::default(), PlayedLock::default(), PlayedLock::of_others()];
    let report = Stage::new(3, 1).locks(locks).run().await;
    assert!(report.effects.is_empty(), "{:?}", report.effects);
    assert!(report.stats.steps[0].started.is_none());
    let [CancelReason::HostsLocked { hosts, holder }] = &report.stats.cancelled[..] else {
        panic!("{:?}", report.stats.cancelled);
    };
    assert_eq!(hosts.iter().map(ToString::to_string).collect::<Vec<_>>(), ["h02"]);
    assert!(holder.contains("of sam (pid 7 on laptop) since 1970-01-01T00:00:01Z: run `Other`"), "{holder}");
    assert_eq!(acts(&report, 0), ["take", "end"]);
    assert_eq!(acts(&report, 2), ["take"], "what is not ours is not ended");
    assert_all_ended(&report);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_get_the_first_host_asks_no_other() {
    let locks = vec![PlayedLock::of_others(), PlayedLock::default()];
    let report = Stage::new(2, 1).locks(locks).run().await;
    assert!(matches!(report.stats.cancelled[..], [CancelReason::HostsLocked { .. }]));
    assert!(acts(&report, 1).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_waits_for_locks_on_hosts_as_long_as_it_is_told() {
    let held = |ends| PlayedLock { ends: Some(Duration::from_secs(ends)), ..PlayedLock::of_others() };
    let settings = Settings { lock_wait: Duration::from_mins(1), ..Settings::default() };
    let report = Stage::new(2, 1).locks(vec![PlayedLock::default(), held(40)]).settings(settings).run().await;
    assert!(report.stats.cancelled.is_empty(), "{:?}", report.stats.cancelled);
    assert!(report.took >= Duration::from_secs(40) && report.took < Duration::from_secs(50), "{:?}", report.took);
    let told = report.kinds(|kind| match kind {
        EventKind::Warned { message } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("waiting at most 1m (--wait) for h01: locked by run "), "{told:?}");

    let report = Stage::new(2, 1).locks(vec![PlayedLock::default(), held(90)]).settings(settings).run().await;
    assert!(matches!(report.stats.cancelled[..], [CancelReason::HostsLocked { .. }]));
    assert!(report.took < Duration::from_secs(70), "{:?}", report.took);
    assert_all_ended(&report);
}

#[tokio::test(start_paused = true)]
async fn locks_are_renewed_while_the_run_goes_on() {
    let report = Stage::new(1, 1)
        .everywhere(Behaviour::Takes(Duration::from_mins(5)))
        .locks(vec![PlayedLock::default()])
        .run()
        .await;
    assert_eq!(states(&report, 0)[0].1, State::Ok { changed: true });
    let asked: Vec<_> = report.locks[0].asked.iter().map(|(act, at)| (act.as_str(), *at)).collect();
    assert_eq!(asked[..3], [("take", 0), ("keep", 60), ("keep", 120)]);
    assert_eq!(asked.last(), Some(&("end", 300)));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_lock_was_taken_away_starts_nothing_new() {
    let stolen = PlayedLock { taken_away: Some(Duration::from_secs(70)), ..PlayedLock::default() };
    let report = Stage::new(3, 2)
        .forks(1)
        .everywhere(Behaviour::Takes(Duration::from_secs(100)))
        .locks(vec![PlayedLock::default(), stolen, PlayedLock::default()])
        .run()
        .await;
    assert!(matches!(&report.stats.cancelled[..], [CancelReason::LockLost { host, .. }] if host.as_str() == "h01"));
    let states: Vec<_> = states(&report, 0).into_iter().map(|(_, state)| state).collect();
    // The second heartbeat, at 120 s, finds it out; the second host was at work by then.
    assert_eq!(states[0], State::Ok { changed: true });
    assert_eq!(states[2], State::Cancelled);
    assert!(report.stats.steps[1].started.is_none());
    assert_all_ended(&report);
    assert_eq!(report.locks[1].run.as_deref(), Some("another"), "the lock of others was ended");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_on_a_host_whose_lock_could_not_be_renewed() {
    let silent = Some((Duration::from_secs(30), Duration::from_hours(1)));
    let cut_off = PlayedLock { silent, ..PlayedLock::default() };
    let report = Stage::new(2, 2)
        .everywhere(Behaviour::Takes(Duration::from_mins(4)))
        .locks(vec![PlayedLock::default(), cut_off])
        .run()
        .await;
    assert!(states(&report, 0).iter().all(|(_, state)| *state == State::Ok { changed: true }));
    let second = &report.stats.steps[1];
    assert_eq!(second.totals.changed, 1);
    let h01 = second.troubled.iter().find(|(host, _)| host.as_str() == "h01").expect("the host");
    assert!(
        matches!(&h01.1.result.state, State::Unreachable(why) if why.reason.starts_with("its lock was not renewed"))
    );
    assert!(!report.effects.iter().any(|(host, step, _)| host == "h01" && step == "s1"), "{:?}", report.effects);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_not_reached_has_no_lock_and_nothing_is_done_on_it() {
    let report =
        Stage::new(2, 1).behaviour(1, Behaviour::DeniesLogin).locks(vec![PlayedLock::default(); 2]).run().await;
    let states = states(&report, 0);
    assert_eq!(states[0].1, State::Ok { changed: true });
    assert!(matches!(states[1].1, State::Unreachable(_)));
    assert_eq!(report.connects, [1, 1], "it was asked once more");
    assert_all_ended(&report);
}

#[tokio::test(start_paused = true)]
async fn locks_are_ended_whatever_ends_the_run() {
    let long =
        || Stage::new(3, 1).everywhere(Behaviour::Takes(Duration::from_mins(10))).locks(vec![PlayedLock::default(); 3]);
    let after = Duration::from_secs;
    for stage in [
        long().signal(after(5), Signal::Interrupt),
        long().signal(after(5), Signal::Interrupt).signal(after(6), Signal::Interrupt),
        (5..8).fold(long(), |stage, at| stage.signal(after(at), Signal::Interrupt)),
        long().signal(after(5), Signal::Terminate),
        long().journal_fails_after(6),
        long().signal(Duration::ZERO, Signal::Interrupt),
        long().behaviour(1, Behaviour::Panic),
    ] {
        let report = stage.run().await;
        assert_all_ended(&report);
    }
}
