//! The runner on paused time, without any SSH: hosts, the journal and people are played by `stage`, through the runner's seams.

mod ahead;
mod files;
mod foreseen;
mod host_locks;
mod played_lock;
mod renewals;
mod resumed;
mod rollouts;
mod stage;
mod turns;

use std::time::Duration;

use runsheet_events::{CancelReason, EventKind, Prior};
use runsheet_model::{Failure, LostReason, State};
use runsheet_runner::{HandshakeLimit, Settings, Signal};
use stage::{Behaviour, Report, Stage};

/// How a step ended on each of its hosts, by what is on record.
fn states(report: &Report, step: usize) -> Vec<(String, State)> {
    let mut prior = Prior::default();
    report.events.iter().for_each(|event| prior.apply(event));
    let step = &prior.stats.steps[step].planned.step;
    prior.ended(step).map(|(host, result)| (host.to_string(), result.state.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_sheet_runs_step_by_step_on_one_connection_a_host() {
    let report = Stage::new(3, 2).run().await;
    for step in 0..2 {
        assert!(states(&report, step).iter().all(|(_, state)| *state == State::Ok { changed: true }));
    }
    assert_eq!(report.connects, [1, 1, 1]);
    let order = report.kinds(|kind| match kind {
        EventKind::StepStarted { step, .. } => Some(format!("start {step}")),
        EventKind::StepFinished { step, .. } => Some(format!("end {step}")),
        _ => None,
    });
    assert_eq!(order, ["start s0", "end s0", "start s1", "end s1"]);
    assert_eq!(report.closed, 3, "a connection was left open");
}

#[tokio::test(start_paused = true)]
async fn a_failed_host_ends_the_sheet_after_its_step() {
    let report = Stage::new(3, 2).behaviour(1, Behaviour::Exit(3)).run().await;
    let first = states(&report, 0);
    assert_eq!(first[0].1, State::Ok { changed: true });
    assert_eq!(first[1].1, State::Failed { failure: Failure::Task { value: 3 } });
    assert_eq!(first[2].1, State::Ok { changed: true });
    assert!(report.stats.steps[1].started.is_none(), "the next step started");
    assert!(matches!(report.stats.cancelled[..], [CancelReason::HostsFailed { .. }]));
    let kept: Vec<_> = report.stats.steps[0].troubled.keys().map(ToString::to_string).collect();
    assert_eq!(kept, ["h01"], "a run grows with what went well");
    assert_eq!((report.stats.steps[0].totals.changed, report.stats.steps[0].totals.failed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn fail_fast_starts_no_further_host() {
    let report = Stage::new(4, 1)
        .forks(1)
        .settings(Settings { fail_fast: true, handshakes: HandshakeLimit::fixed(1), ..Settings::default() })
        .behaviour(0, Behaviour::Exit(1))
        .run()
        .await;
    let states = states(&report, 0);
    assert!(matches!(states[0].1, State::Failed { .. }));
    assert!(states[2..].iter().all(|(_, state)| *state == State::Cancelled), "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn f_39_a_panic_in_a_task_fails_that_host_only() {
    let report = Stage::new(3, 1).behaviour(1, Behaviour::Panic).run().await;
    let states = states(&report, 0);
    assert_eq!(states[1].1, State::Failed { failure: Failure::Internal });
    assert!(states[0].1.is_good() && states[2].1.is_good());
}

#[tokio::test(start_paused = true)]
async fn every_effect_has_a_durable_intent_before_it() {
    let report = Stage::new(20, 2).sync_takes(Duration::from_millis(7)).run().await;
    assert_eq!(report.effects.len(), 40);
    for (host, step, durable_then) in &report.effects {
        let intent = report.seq_of_intent(host, step).expect("an intent");
        assert!(intent <= *durable_then, "{host} in {step} had an effect before its intent was durable");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_shown_before_it_is_durable() {
    let report = Stage::new(20, 1).sync_takes(Duration::from_millis(7)).run().await;
    assert!(!report.shown.is_empty());
    for (seq, durable_then) in &report.shown {
        assert!(seq <= durable_then, "event {seq} was shown when {durable_then} was durable");
    }
}

#[tokio::test(start_paused = true)]
async fn f_42_what_cannot_be_recorded_is_not_started() {
    let report = Stage::new(10, 3).journal_fails_after(8).run().await;
    assert!(matches!(report.stats.cancelled[..], [CancelReason::JournalFailed { .. }]));
    for (host, step, _) in &report.effects {
        let intent = report.seq_of_intent(host, step).expect("an intent");
        assert!(intent <= 8, "{host} in {step} was started although its intent {intent} was never durable");
    }
    assert!(!report.unrecorded.is_empty());
}

#[tokio::test(start_paused = true)]
async fn forks_bound_how_many_hosts_are_worked_on_at_once() {
    let report = Stage::new(50, 1).forks(4).everywhere(Behaviour::Takes(Duration::from_secs(1))).run().await;
    assert_eq!(report.most_at_once, 4);
    assert_eq!(report.stats.totals().ok(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_dead_host_takes_no_fork_from_the_others() {
    let report = Stage::new(12, 1)
        .forks(2)
        .behaviour(0, Behaviour::NeverConnects)
        .behaviour(1, Behaviour::NeverConnects)
        .behaviour(2, Behaviour::NeverConnects)
        .run()
        .await;
    let finished = report.kinds(|kind| match kind {
        EventKind::HostFinished { host, .. } => Some(host.to_string()),
        _ => None,
    });
    assert_eq!(finished.len(), 12);
    for dead in ["h00", "h01", "h02"] {
        let place = finished.iter().position(|host| host == dead).expect("it is over");
        assert!(place >= 9, "{dead} held others up: {finished:?}");
    }
}

fn order_of_ends(report: &stage::Report) -> Vec<usize> {
    report.kinds(|kind| match kind {
        EventKind::HostFinished { host, .. } => Some(host.as_str()[1..].parse().expect("a number")),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn dead_hosts_give_their_places_back_before_their_deadlines() {
    // The first forty hosts are dead in three ways; all places are theirs at first.
    let dead = 40;
    let mut stage =
        Stage::new(100, 2).forks(3).settings(Settings { handshakes: HandshakeLimit::fixed(4), ..Settings::default() });
    for host in 0..dead {
        stage = stage.behaviour(
            host,
            match host % 3 {
                0 => Behaviour::NeverConnects,
                1 => Behaviour::TurnsAway { times: 99 },
                _ => Behaviour::DeniesLogin,
            },
        );
    }
    let report = stage.run().await;
    let order = order_of_ends(&report);
    assert_eq!(order.len(), 100);
    // Those that never connect take thirty seconds, one after the other in four places: ten times as much.
    let never = |host: &usize| *host < dead && host.is_multiple_of(3);
    let first_deadline = order.iter().position(never).expect("they end");
    let healthy_before = order[..first_deadline].iter().filter(|host| **host >= dead).count();
    assert_eq!(healthy_before, 60, "{order:?}");
    assert!(report.took < Duration::from_secs(45), "it took {:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_connections_than_there_is_room_for() {
    let report = Stage::new(30, 3).settings(Settings { connections: 5, ..Settings::default() }).run().await;
    for step in 0..3 {
        assert!(states(&report, step).iter().all(|(_, state)| state.is_good()));
    }
    assert!(report.most_open <= 5, "{} connections were open at once", report.most_open);
    assert_eq!(report.closed, report.connects.iter().sum::<usize>(), "a connection was left open");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_turns_us_away_is_tried_again_and_a_login_is_not() {
    let report = Stage::new(2, 1)
        .behaviour(0, Behaviour::TurnsAway { times: 2 })
        .behaviour(1, Behaviour::DeniesLogin)
        .run()
        .await;
    assert_eq!(report.connects, [3, 1]);
    let states = states(&report, 0);
    assert!(states[0].1.is_good());
    assert!(matches!(states[1].1, State::Unreachable(_)));
    assert!(report.seq_of_intent("h01", "s0").is_none(), "an intent stands for a host that was never reached");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_was_not_seen_is_lost_even_if_the_task_looks_away() {
    let report = Stage::new(2, 2).behaviour(0, Behaviour::LosesConnection).run().await;
    let states = states(&report, 0);
    assert_eq!(states[0].1, State::Lost { reason: LostReason::ConnectionClosed });
    assert!(report.stats.steps[1].started.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_ends_is_dropped_after_its_limit() {
    let report = Stage::new(2, 1)
        .timeout(Duration::from_mins(1))
        .behaviour(0, Behaviour::TaskNeverEnds)
        .behaviour(1, Behaviour::CommandNeverEnds)
        .run()
        .await;
    let states = states(&report, 0);
    assert_eq!(states[0].1, State::Failed { failure: Failure::TimedOut { limit_ms: 60_000 } });
    assert_eq!(states[1].1, State::Lost { reason: LostReason::TimedOut });
}

#[tokio::test(start_paused = true)]
async fn f_32_the_first_interrupt_lets_what_runs_finish_and_starts_nothing_new() {
    let report = Stage::new(6, 2)
        .forks(2)
        .settings(Settings { handshakes: HandshakeLimit::fixed(1), ..Settings::default() })
        .everywhere(Behaviour::Takes(Duration::from_secs(10)))
        .signal(Duration::from_secs(5), Signal::Interrupt)
        .run()
        .await;
    let totals = report.stats.steps[0].totals;
    assert_eq!((totals.changed, totals.cancelled), (2, 4));
    assert!(report.stats.steps[1].started.is_none());
    assert!(matches!(report.stats.cancelled[..], [CancelReason::Interrupted { times: 1 }]));
}

#[tokio::test(start_paused = true)]
async fn f_33_the_second_interrupt_stops_what_runs() {
    let report = Stage::new(2, 1)
        .everywhere(Behaviour::Takes(Duration::from_hours(1)))
        .signal(Duration::from_secs(5), Signal::Interrupt)
        .signal(Duration::from_secs(6), Signal::Interrupt)
        .run()
        .await;
    assert!(states(&report, 0).iter().all(|(_, state)| *state == State::Failed { failure: Failure::Stopped }));
    assert!(report.took < Duration::from_mins(1), "it took {:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn f_34_the_third_interrupt_leaves_at_once() {
    let report = Stage::new(2, 1)
        .everywhere(Behaviour::CommandNeverEnds)
        .signal(Duration::from_secs(1), Signal::Interrupt)
        .signal(Duration::from_secs(2), Signal::Interrupt)
        .signal(Duration::from_secs(3), Signal::Interrupt)
        .run()
        .await;
    assert!(report.took < Duration::from_secs(4), "it took {:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn f_35_sigterm_stops_what_runs_after_its_grace() {
    let report = Stage::new(2, 1)
        .everywhere(Behaviour::Takes(Duration::from_hours(1)))
        .signal(Duration::from_secs(5), Signal::Terminate)
        .run()
        .await;
    assert!((Duration::from_secs(25)..Duration::from_secs(30)).contains(&report.took), "it took {:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_output_message_or_note_never_reaches_an_event() {
    let report =
        Stage::new(1, 1).secret("hunter2").everywhere(Behaviour::Tells("pass hunter2 on".to_owned())).run().await;
    let events = report.kinds(|kind| Some(format!("{kind:?}"))).join("\n");
    assert!(!events.contains("hunter2"), "{events}");
    assert!(events.matches("********").count() >= 3, "{events}");
    assert_eq!(report.output_of("h00"), "pass ******** on\n");
}

#[tokio::test(start_paused = true)]
async fn a_no_at_a_manual_step_ends_the_run() {
    let report = Stage::new(2, 1).manual_first(false).run().await;
    assert!(matches!(report.stats.cancelled[..], [CancelReason::Person { .. }]));
    assert_eq!(report.effects.len(), 0);
    let report = Stage::new(2, 1).manual_first(true).run().await;
    assert_eq!(report.effects.len(), 2);
}
