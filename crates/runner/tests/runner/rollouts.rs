//! Waves, windows, what is always done, retries, exclusion, undoing, and people who are asked.

use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{CancelReason, Choice, EventKind};
use runsheet_model::{Failure, HostName, Share, State, StepId, TaskName};
use runsheet_plan::{
    HostWork, OnFailure, Pause, PerHost, Plan, PlanLink, PlanRollout, PlanStep, PlanWindow, Straggler, Work,
};
use runsheet_runner::{HandshakeLimit, Settings, Signal};

use crate::stage::{Behaviour, Report, Stage};
use crate::states;

pub(crate) fn work(plan: &mut Plan, step: usize) -> &mut HostWork {
    match &mut plan.steps[step].work {
        Work::Hosts(work) => work,
        Work::Manual { .. } => panic!("it has hosts"),
    }
}

/// Puts tasks in the place of the one that a step has.
pub(crate) fn tasks(plan: &mut Plan, step: usize, chain: &[&str], always: &[&str]) {
    let work = work(plan, step);
    let link = work.links[0].clone();
    let links = |names: &[&str]| -> Vec<PlanLink> {
        let named = |name: &&str| PlanLink { task: TaskName::new(*name).expect("a name"), ..link.clone() };
        names.iter().map(named).collect()
    };
    (work.links, work.always) = (links(chain), links(always));
}

fn effects(report: &Report) -> Vec<(String, String)> {
    report.effects.iter().map(|(host, command, _)| (host.clone(), command.clone())).collect()
}

fn commands_on(report: &Report, host: &str) -> Vec<String> {
    effects(report).into_iter().filter(|(of, _)| of == host).map(|(_, command)| command).collect()
}

fn cancelled(report: &Report, step: usize) -> Vec<String> {
    let of_step = states(report, step);
    of_step.into_iter().filter(|(_, state)| *state == State::Cancelled).map(|(host, _)| host).collect()
}

#[tokio::test(start_paused = true)]
async fn waves_come_one_after_the_other() {
    let report = Stage::new(7, 1)
        .everywhere(Behaviour::Takes(Duration::from_secs(10)))
        .change(|plan| work(plan, 0).rollout.waves = vec![1, 2, 4])
        .run()
        .await;
    let waves = report.kinds(|kind| match kind {
        EventKind::WaveStarted { wave, waves, hosts, .. } => Some(format!("{wave}/{waves}: {hosts}")),
        EventKind::HostFinished { host, .. } => Some(host.to_string()),
        _ => None,
    });
    assert_eq!(waves[..3], ["1/3: 1", "h00", "2/3: 2"]);
    assert_eq!(waves[5], "3/3: 4");
    assert_eq!(report.most_at_once, 4);
    assert!(report.took >= Duration::from_secs(30) && report.took < Duration::from_secs(31), "{:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn a_wave_with_a_failure_is_finished_and_the_next_does_not_start() {
    let report = Stage::new(6, 2)
        .behaviour(1, Behaviour::Exit(1))
        .change(|plan| work(plan, 0).rollout.waves = vec![3, 3])
        .run()
        .await;
    assert_eq!(cancelled(&report, 0), ["h03", "h04", "h05"]);
    assert_eq!(report.stats.steps[0].totals.ok(), 2);
    assert!(report.stats.steps[1].started.is_none(), "the next step started");
    assert!(matches!(report.stats.cancelled[..], [CancelReason::HostsFailed { .. }]));
}

#[tokio::test(start_paused = true)]
async fn a_window_slides_over_the_hosts() {
    let report = Stage::new(9, 1)
        .everywhere(Behaviour::Takes(Duration::from_secs(5)))
        .change(|plan| work(plan, 0).rollout.window = Some(PlanWindow { size: 3, floor: 7, beside: 0 }))
        .run()
        .await;
    assert_eq!(report.most_at_once, 2, "the floor leaves two of nine");
    assert_eq!(report.stats.totals().ok(), 9);
}

#[tokio::test(start_paused = true)]
async fn hosts_that_failed_fill_a_window_and_end_its_step() {
    let report = Stage::new(8, 2)
        .behaviour(0, Behaviour::Exit(1))
        .behaviour(2, Behaviour::Exit(1))
        .change(|plan| {
            let work = work(plan, 0);
            work.rollout.window = Some(PlanWindow { size: 2, floor: 0, beside: 0 });
            work.policy.on_failure = OnFailure::Continue;
        })
        .run()
        .await;
    // Both places are taken by hosts that failed: whatever the policy tolerates, nobody else is taken out of service.
    assert_eq!(report.stats.steps[0].totals.failed, 2);
    assert!(cancelled(&report, 0).len() >= 4, "{:?}", states(&report, 0));
    assert!(report.stats.steps[1].started.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_failure_in_a_window_starts_no_further_host() {
    let report = Stage::new(6, 2)
        .everywhere(Behaviour::Takes(Duration::from_secs(3)))
        .behaviour(1, Behaviour::Exit(1))
        .change(|plan| work(plan, 0).rollout.window = Some(PlanWindow { size: 2, floor: 0, beside: 0 }))
        .run()
        .await;
    assert_eq!(cancelled(&report, 0), ["h02", "h03", "h04", "h05"]);
    assert!(states(&report, 0)[0].1.is_good(), "what ran was not finished");
}

#[tokio::test(start_paused = true)]
async fn so_many_may_fail_and_take_no_part_in_what_follows() {
    let report = Stage::new(10, 2)
        .behaviour(3, Behaviour::Exit(1))
        .change(|plan| work(plan, 0).policy.max_fail = Share::parse("10%").ok())
        .run()
        .await;
    assert_eq!(cancelled(&report, 1), ["h03"]);
    assert_eq!(report.stats.steps[1].totals.ok(), 9);
    assert_eq!(commands_on(&report, "h03"), ["s0"]);
    let said = &report.stats.steps[1].troubled[&HostName::new("h03").expect("a name")].result.outcome.message;
    assert_eq!(said, "left out: it did not end well in `s0`");
}

#[tokio::test(start_paused = true)]
async fn one_failure_too_many_starts_nothing_new() {
    let report = Stage::new(10, 2)
        .forks(1)
        .settings(Settings { handshakes: HandshakeLimit::fixed(1), ..Settings::default() })
        .behaviour(0, Behaviour::Exit(1))
        .behaviour(1, Behaviour::Exit(1))
        .change(|plan| work(plan, 0).policy.max_fail = Share::parse("1").ok())
        .run()
        .await;
    assert_eq!(report.stats.steps[0].totals.failed, 2);
    assert!(cancelled(&report, 0).len() >= 6, "{:?}", states(&report, 0));
    assert!(report.stats.steps[1].started.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_always_done_is_done_after_a_failure_and_after_ctrl_c_and_not_where_nothing_began() {
    let report = Stage::new(3, 1)
        .behaviour(1, Behaviour::FailsIn { task: "first", times: 9 })
        .behaviour(2, Behaviour::DeniesLogin)
        .change(|plan| tasks(plan, 0, &["first", "second"], &["cleanup"]))
        .run()
        .await;
    assert_eq!(commands_on(&report, "h00"), ["s0 first", "s0 second", "s0 cleanup"]);
    assert_eq!(commands_on(&report, "h01"), ["s0 first", "s0 cleanup"]);
    assert!(commands_on(&report, "h02").is_empty());
    assert!(matches!(states(&report, 0)[1].1, State::Failed { .. }));

    let report = Stage::new(1, 1)
        .behaviour(0, Behaviour::Takes(Duration::from_mins(1)))
        .change(|plan| tasks(plan, 0, &["first", "second"], &["cleanup"]))
        .signal(Duration::from_secs(5), Signal::Interrupt)
        .signal(Duration::from_secs(6), Signal::Interrupt)
        .run()
        .await;
    assert_eq!(commands_on(&report, "h00"), ["s0 first", "s0 cleanup"]);
    assert_eq!(states(&report, 0)[0].1, State::Failed { failure: Failure::Stopped });
}

#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_the_command_was_not_reached_and_nothing_is_tidied_up_there() {
    let report = Stage::new(1, 1)
        .behaviour(0, Behaviour::RefusesCommands)
        .change(|plan| tasks(plan, 0, &["first", "second"], &["cleanup"]))
        .run()
        .await;
    assert_eq!(commands_on(&report, "h00"), ["s0 first"]);
    assert!(matches!(states(&report, 0)[0].1, State::Unreachable(_)), "{:?}", states(&report, 0));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_knows_what_happened_only_what_says_so_is_always_done() {
    let report = Stage::new(1, 1)
        .behaviour(0, Behaviour::LosesConnection)
        .change(|plan| {
            tasks(plan, 0, &["first"], &["cleanup", "undo"]);
            work(plan, 0).always[1].even_if_lost = true;
        })
        .run()
        .await;
    assert_eq!(
        commands_on(&report, "h00"),
        ["export LC_ALL=C\ns0"; 2],
        "one for the task, one for what is done even then"
    );
    assert!(matches!(states(&report, 0)[0].1, State::Lost { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_failed_is_tried_again_as_often_as_the_sheet_says() {
    let retried = |times| {
        Stage::new(1, 1)
            .behaviour(0, Behaviour::FailsIn { task: "second", times })
            .change(|plan| {
                tasks(plan, 0, &["first", "second"], &[]);
                work(plan, 0).links[1].retries = 2;
            })
            .run()
    };
    let report = retried(2).await;
    assert_eq!(report.stats.totals().ok(), 1);
    assert_eq!(commands_on(&report, "h00"), ["s0 first", "s0 second", "s0 second", "s0 second"]);
    let attempts = report.kinds(|kind| match kind {
        EventKind::AttemptStarted(key) => Some((key.link, key.attempt)),
        _ => None,
    });
    assert_eq!(attempts, [(0, 1), (1, 1), (1, 2), (1, 3)]);
    assert!(report.took >= Duration::from_secs(3), "tries come without a pause: {:?}", report.took);
    assert_eq!(retried(3).await.stats.totals().failed, 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_run_is_never_tried_again_unless_that_does_no_harm() {
    for (idempotent, commands) in [(false, 1), (true, 2)] {
        let change: fn(&mut Plan) = if idempotent {
            |plan| {
                work(plan, 0).links[0].retries = 1;
                work(plan, 0).links[0].idempotent = true;
            }
        } else {
            |plan| work(plan, 0).links[0].retries = 1
        };
        let report = Stage::new(1, 1).behaviour(0, Behaviour::LosesConnection).change(change).run().await;
        assert_eq!(commands_on(&report, "h00").len(), commands);
        assert!(matches!(states(&report, 0)[0].1, State::Lost { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn another_host_does_it_instead() {
    let report = Stage::new(4, 1)
        .change(|plan| {
            tasks(plan, 0, &["first", "second"], &[]);
            let work = work(plan, 0);
            work.hosts = vec![0, 1, 2];
            work.rollout = PlanRollout::whole(3);
            work.links[0].delegate = Some(PerHost::Same(Arc::new(3)));
        })
        .run()
        .await;
    assert_eq!(commands_on(&report, "h03"), ["s0 first"; 3]);
    for host in ["h00", "h01", "h02"] {
        assert_eq!(commands_on(&report, host), ["s0 second"]);
    }
    assert_eq!((report.connects, report.closed), (vec![1; 4], 4));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_fails_because_of_another_says_which() {
    let report = Stage::new(2, 1)
        .behaviour(1, Behaviour::DeniesLogin)
        .change(|plan| {
            let work = work(plan, 0);
            work.hosts = vec![0];
            work.rollout = PlanRollout::whole(1);
            work.links[0].delegate = Some(PerHost::Same(Arc::new(1)));
        })
        .run()
        .await;
    let State::Unreachable(unreachable) = &states(&report, 0)[0].1 else { panic!("it was not reached") };
    assert_eq!(unreachable.reason, "`h01`, which does it for this host: no");
}

/// Two steps, each of which can be undone; the second undoes everything when it fails.
fn with_undo(plan: &mut Plan) {
    for undone in 0..2 {
        let mut undo = plan.steps[undone].clone();
        undo.id = StepId::new(format!("s{undone}-undo")).expect("an id");
        undo.after = vec![];
        undo.undoes = Some(undone);
        plan.steps.push(PlanStep { ..undo });
        let last = plan.steps.len() - 1;
        tasks(plan, last, &["undo"], &[]);
    }
    work(plan, 1).policy.on_failure = OnFailure::Rollback;
}

#[tokio::test(start_paused = true)]
async fn a_failure_undoes_exactly_what_was_changed_the_last_first() {
    let report = Stage::new(4, 2)
        .forks(1)
        .settings(Settings { handshakes: HandshakeLimit::fixed(1), ..Settings::default() })
        .behaviour(1, Behaviour::FailsIn { task: "second", times: 9 })
        .change(|plan| {
            tasks(plan, 1, &["second"], &[]);
            with_undo(plan);
        })
        .run()
        .await;
    let all = effects(&report);
    let undone: Vec<_> = all.iter().filter(|(_, command)| command.contains("undo")).cloned().collect();
    let of = |step: &str| -> Vec<String> {
        let command = format!("{step}-undo undo");
        undone.iter().filter(|(_, said)| *said == command).map(|(host, _)| host.clone()).collect()
    };
    assert_eq!(of("s0"), ["h00", "h01", "h02", "h03"]);
    let second: Vec<_> = all.iter().filter(|(_, said)| said == "s1 second").map(|(host, _)| host.clone()).collect();
    assert!(second.len() < 4, "nothing was stopped: {second:?}");
    assert_eq!(of("s1"), second, "what was begun is undone, and nothing else");
    let last_of_s1 = undone.iter().rposition(|(_, said)| said == "s1-undo undo").expect("undone");
    assert!(undone[last_of_s1 + 1..].iter().all(|(_, said)| said == "s0-undo undo") && last_of_s1 + 1 == second.len());
    assert_eq!(report.closed, 4, "a connection was left open");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_undone_when_all_is_well() {
    let report = Stage::new(3, 2).change(with_undo).run().await;
    assert_eq!(report.stats.totals().ok(), 6);
    assert!(report.effects.iter().all(|(_, command, _)| !command.contains("undo")));
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_stops_undoing_as_well() {
    let report = Stage::new(2, 2)
        .everywhere(Behaviour::Takes(Duration::from_secs(10)))
        .behaviour(1, Behaviour::FailsIn { task: "second", times: 9 })
        .change(|plan| {
            tasks(plan, 1, &["second"], &[]);
            with_undo(plan);
        })
        .signal(Duration::from_secs(21), Signal::Interrupt)
        .run()
        .await;
    let undone = |step: &str| report.effects.iter().filter(|(_, command, _)| command.starts_with(step)).count();
    assert!(undone("s1-undo") > 0);
    assert_eq!(undone("s0-undo"), 0, "a further step was started after Ctrl-C");
}

#[tokio::test(start_paused = true)]
async fn a_pause_stands_between_waves_and_ctrl_c_ends_it() {
    let paused = |plan: &mut Plan| {
        work(plan, 0).rollout.waves = vec![1, 1];
        work(plan, 0).rollout.pause = Some(Pause::For(Duration::from_mins(5)));
    };
    let report = Stage::new(2, 1).change(paused).run().await;
    assert!(report.took >= Duration::from_mins(5) && report.took < Duration::from_secs(302), "{:?}", report.took);
    assert_eq!(report.stats.totals().ok(), 2);
    let report = Stage::new(2, 1).change(paused).signal(Duration::from_secs(9), Signal::Interrupt).run().await;
    assert!(report.took < Duration::from_secs(11), "{:?}", report.took);
    assert_eq!(cancelled(&report, 0), ["h01"]);
}

#[tokio::test(start_paused = true)]
async fn a_person_says_whether_the_next_wave_starts_and_that_time_is_not_machine_time() {
    let asking = |plan: &mut Plan| {
        work(plan, 0).rollout.waves = vec![1, 1, 1];
        work(plan, 0).rollout.pause = Some(Pause::Ask);
    };
    let report = Stage::new(3, 1).change(asking).answers(&[Choice::Proceed, Choice::Proceed]).run().await;
    assert_eq!(report.stats.totals().ok(), 3);
    let step = &report.stats.steps[0];
    assert_eq!(step.waited, Duration::from_mins(20));
    assert!(step.took.is_some_and(|took| took < Duration::from_secs(2)), "{:?}", step.took);
    let report = Stage::new(3, 1).change(asking).answers(&[Choice::Proceed, Choice::Abort]).run().await;
    assert_eq!(cancelled(&report, 0), ["h02"]);
    assert!(matches!(report.stats.cancelled[..], [CancelReason::Person { .. }]));
}

fn guided(times: usize, answers: &[Choice]) -> Stage {
    Stage::new(4, 2)
        .settings(Settings { guided: true, ..Settings::default() })
        .behaviour(1, Behaviour::FailsIn { task: "second", times })
        .change(|plan| {
            tasks(plan, 0, &["first", "second"], &[]);
            work(plan, 0).rollout.waves = vec![2, 2];
        })
        .answers(answers)
}

#[tokio::test(start_paused = true)]
async fn a_person_has_failed_hosts_tried_again_from_the_task_that_failed() {
    let report = guided(2, &[Choice::Retry, Choice::Retry]).run().await;
    assert_eq!(commands_on(&report, "h01"), ["s0 first", "s0 second", "s0 second", "s0 second", "s1"]);
    assert_eq!(report.stats.totals().ok(), 8);
    let attempts = report.kinds(|kind| match kind {
        EventKind::AttemptStarted(key) if key.host.as_str() == "h01" && key.link == 1 => Some(key.attempt),
        _ => None,
    });
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(report.connects, [1; 4], "it connected anew for the retry");
    assert_eq!(report.closed, 4);
}

#[tokio::test(start_paused = true)]
async fn a_person_goes_on_with_or_without_failed_hosts() {
    let report = guided(9, &[Choice::Skip]).run().await;
    assert_eq!(report.stats.steps[1].totals.ok(), 4);
    let report = guided(9, &[Choice::Exclude]).run().await;
    assert_eq!((report.stats.steps[0].totals.ok(), report.stats.steps[1].totals.ok()), (3, 3));
    assert_eq!(cancelled(&report, 1), ["h01"]);
    let report = guided(9, &[Choice::SkipStep]).run().await;
    assert_eq!(cancelled(&report, 0), ["h02", "h03"]);
    assert_eq!(report.stats.steps[1].totals.ok(), 3);
    let report = guided(9, &[Choice::Abort]).run().await;
    assert_eq!(cancelled(&report, 0), ["h02", "h03"]);
    assert!(report.stats.steps[1].started.is_none());
    assert!(matches!(report.stats.cancelled[..], [CancelReason::HostsFailed { .. }]));
    let recorded = report.kinds(|kind| match kind {
        EventKind::PersonAnswered { proceed, choice, who, .. } => Some((*proceed, *choice, who.clone())),
        _ => None,
    });
    assert_eq!(recorded, [(false, Some(Choice::Abort), "dana".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_begins_anew_where_something_was_always_done_since() {
    let report = guided(1, &[Choice::Retry])
        .change(|plan| {
            tasks(plan, 0, &["first", "second"], &["cleanup"]);
            work(plan, 0).rollout.waves = vec![2, 2];
        })
        .run()
        .await;
    let expected = ["s0 first", "s0 second", "s0 cleanup", "s0 first", "s0 second", "s0 cleanup", "s1"];
    assert_eq!(commands_on(&report, "h01"), expected);
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_withdraws_the_question() {
    let report = guided(9, &[Choice::Retry]).signal(Duration::from_mins(1), Signal::Interrupt).run().await;
    assert!(report.took < Duration::from_secs(62), "{:?}", report.took);
    assert_eq!(cancelled(&report, 0), ["h02", "h03"]);
    assert_eq!(commands_on(&report, "h01"), ["s0 first", "s0 second"]);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_takes_far_longer_than_its_peers_is_named_or_stopped() {
    let straggling = |straggler: Straggler| {
        let change: fn(&mut Plan) = match straggler {
            Straggler::Warn => |_| {},
            Straggler::Fail => |plan| work(plan, 0).policy.straggler = Straggler::Fail,
            Straggler::Exclude => |plan| work(plan, 0).policy.straggler = Straggler::Exclude,
        };
        Stage::new(6, 2)
            .everywhere(Behaviour::Takes(Duration::from_secs(2)))
            .behaviour(4, Behaviour::Takes(Duration::from_mins(10)))
            .change(change)
            .run()
    };
    let notes = |report: &Report| {
        report.kinds(|kind| match kind {
            EventKind::HostNoted { host, note, .. } => Some(format!("{host}: {note}")),
            _ => None,
        })
    };
    let report = straggling(Straggler::Warn).await;
    assert_eq!(notes(&report).len(), 2, "{:?}", notes(&report));
    assert!(notes(&report)[0].starts_with("h04: still runs after 3"), "{:?}", notes(&report));
    assert_eq!(report.stats.totals().ok(), 12);

    let report = straggling(Straggler::Fail).await;
    assert_eq!(states(&report, 0)[4].1, State::Failed { failure: Failure::Stopped });
    assert!(report.stats.steps[1].started.is_none());

    let report = straggling(Straggler::Exclude).await;
    assert_eq!((report.stats.steps[0].totals.failed, report.stats.steps[1].totals.ok()), (1, 5));
    assert!(report.took < Duration::from_mins(1), "{:?}", report.took);
}

#[tokio::test(start_paused = true)]
async fn waves_are_given_up_when_the_journal_fails() {
    let report =
        Stage::new(9, 2).change(|plan| work(plan, 0).rollout.waves = vec![3, 3, 3]).journal_fails_after(12).run().await;
    assert!(matches!(report.stats.cancelled[..], [CancelReason::JournalFailed { .. }]));
    for (host, step, _) in &report.effects {
        assert!(report.seq_of_intent(host, step).is_some_and(|intent| intent <= 12), "{host} was started unrecorded");
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_that_are_tried_again_one_after_the_other_count_no_more() {
    let report = Stage::new(3, 2)
        .forks(1)
        .settings(Settings { guided: true, handshakes: HandshakeLimit::fixed(1), ..Settings::default() })
        .behaviour(0, Behaviour::FailsIn { task: "second", times: 1 })
        .behaviour(1, Behaviour::FailsIn { task: "second", times: 1 })
        .change(|plan| tasks(plan, 0, &["second"], &[]))
        .answers(&[Choice::Retry])
        .run()
        .await;
    assert_eq!(report.stats.totals().ok(), 6);
    let asked = report.kinds(|kind| matches!(kind, EventKind::PersonAsked { .. }).then_some(()));
    assert_eq!(asked.len(), 1, "it was asked again about hosts that had not failed again");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_worked_on_only_from_another_need_not_answer() {
    let report = Stage::new(2, 1)
        .behaviour(0, Behaviour::NeverConnects)
        .change(|plan| {
            let work = work(plan, 0);
            work.hosts = vec![0];
            work.rollout = PlanRollout::whole(1);
            work.links[0].delegate = Some(PerHost::Same(Arc::new(1)));
        })
        .run()
        .await;
    assert_eq!(commands_on(&report, "h01"), ["s0"]);
    assert_eq!((report.stats.totals().ok(), report.connects), (1, vec![0, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_takes_too_long_is_named_while_others_keep_ending() {
    let report = Stage::new(300, 1)
        .forks(2)
        .everywhere(Behaviour::Takes(Duration::from_millis(400)))
        .behaviour(0, Behaviour::Takes(Duration::from_mins(10)))
        .run()
        .await;
    let order = report.kinds(|kind| match kind {
        EventKind::HostNoted { .. } => Some("named"),
        EventKind::HostFinished { .. } => Some("ended"),
        _ => None,
    });
    let named = order.iter().position(|what| *what == "named").expect("it is named");
    assert!((140..200).contains(&named), "it was named after {named} of 300 had ended");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_of_a_host_that_took_too_long_still_stops_the_sheet() {
    let report = Stage::new(6, 2)
        .everywhere(Behaviour::Takes(Duration::from_secs(2)))
        .behaviour(4, Behaviour::CommandNeverEnds)
        .change(|plan| work(plan, 0).policy.straggler = Straggler::Exclude)
        .run()
        .await;
    assert!(matches!(states(&report, 0)[4].1, State::Lost { .. }), "{:?}", states(&report, 0));
    assert!(report.stats.steps[1].started.is_none(), "the next step started");
}
