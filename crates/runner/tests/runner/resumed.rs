//! A run that is cut off after any of its events and gone on with, on paused time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{Choice, EventKind, LostAnswer, RunEvent};
use runsheet_model::{HostName, Share};
use runsheet_plan::{OnFailure, Pause, Plan, PlanRollout, PlanWindow, Scope};
use runsheet_runner::{LostAnswers, Settings, Signal};

use crate::rollouts::{tasks, work};
use crate::stage::{Behaviour, Report, Stage};

fn all(answer: LostAnswer) -> LostAnswers {
    LostAnswers { all: Some(answer), who: "dana".to_owned(), ..LostAnswers::default() }
}

/// How often each command may have been started on each host, by the intents on record.
fn intents(events: &[Arc<RunEvent>]) -> BTreeMap<(String, String, u32), usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        if let EventKind::AttemptStarted(key) = &event.kind {
            *counts.entry((key.host.to_string(), key.step.to_string(), key.link)).or_default() += 1;
        }
    }
    counts
}

fn ok_hosts(report: &Report) -> usize {
    report
        .kinds(|kind| matches!(kind, EventKind::HostFinished { result, .. } if result.state.is_good()).then_some(()))
        .len()
}

/// Cuts a run off after each of its events, goes on, and gives the record of each with what the second part did.
async fn cut_everywhere(stage: impl Fn() -> Stage, answer: LostAnswer) -> Vec<(Vec<Arc<RunEvent>>, Report)> {
    let whole = stage().run().await.events;
    let mut runs = Vec::new();
    for cut in 1..=whole.len() {
        let stage = stage().goes_on(&whole[..cut], all(answer));
        let again = stage.run().await;
        let seqs: Vec<_> = again.events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (cut as u64 + 1..).take(seqs.len()).collect::<Vec<_>>(), "no gap after {cut} events");
        runs.push(([&whole[..cut], &again.events].concat(), again));
    }
    runs
}

#[tokio::test(start_paused = true)]
async fn p_1_a_run_that_is_cut_off_anywhere_starts_nothing_twice() {
    let stages: [fn() -> Stage; 4] = [
        || Stage::new(3, 2),
        || Stage::new(3, 2).change(|plan| tasks(plan, 0, &["first", "second"], &["cleanup"])),
        || {
            Stage::new(4, 2).change(|plan| {
                work(plan, 0).rollout = PlanRollout { waves: vec![1, 3], ..PlanRollout::default() };
                work(plan, 0).policy.on_failure = OnFailure::Continue;
            })
        },
        || Stage::new(3, 2).behaviour(1, Behaviour::DeniesLogin),
    ];
    for stage in stages {
        for (record, _) in cut_everywhere(stage, LostAnswer::Fail).await {
            for (what, count) in intents(&record) {
                // What is always done is done again after what failed was tried again.
                let always = what.1 == "s0" && what.2 == 2;
                assert!(count == 1 || always, "{what:?} was started {count} times");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p_15_a_run_that_is_cut_off_anywhere_comes_to_the_end_it_would_have_come_to() {
    let stages: [fn() -> Stage; 3] = [
        || Stage::new(3, 2),
        || Stage::new(2, 2).change(|plan| tasks(plan, 0, &["first", "second"], &["cleanup"])),
        || Stage::new(3, 1).manual_first(true),
    ];
    for stage in stages {
        let whole = stage().run().await;
        for (record, again) in cut_everywhere(stage, LostAnswer::Retry).await {
            assert_eq!(again.stats.totals(), whole.stats.totals(), "after {} events", record.len());
            assert!(again.stats.cancelled.is_empty());
            let resumption = stage().goes_on(&record, all(LostAnswer::Retry)).resumption().expect("a resumed run");
            let plan = stage().plan();
            assert!(resumption.expect("all is decided").is_idle(&plan), "nothing is left to do");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_waits_for_a_decision_and_what_does_no_harm_does_not() {
    let whole = Stage::new(2, 2).run().await.events;
    let intent = whole.iter().position(|event| matches!(event.kind, EventKind::AttemptStarted(_))).expect("an intent");
    let undecided = |stage: Stage| stage.goes_on(&whole[..=intent], LostAnswers::default()).resumption();
    let hosts = undecided(Stage::new(2, 2)).expect("resumed").expect_err("somebody has to decide");
    assert_eq!(hosts.len(), 1);
    assert_eq!((hosts[0].host.as_str(), hosts[0].step.as_str(), hosts[0].task.as_str()), ("h00", "s0", "played"));
    let harmless = Stage::new(2, 2).change(|plan| work(plan, 0).links[0].idempotent = true);
    assert!(undecided(harmless).expect("resumed").is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_one_host_or_step_counts_there_and_is_on_record() {
    let whole = Stage::new(3, 1).everywhere(Behaviour::LosesConnection).run().await;
    assert_eq!(whole.stats.totals().lost, 3);
    let step = whole.stats.steps[0].planned.step.clone();
    let host = |name: &str| (step.clone(), HostName::new(name).expect("a name"));
    let answers = LostAnswers {
        all: Some(LostAnswer::Fail),
        steps: [(step.clone(), LostAnswer::Ok)].into(),
        hosts: [(host("h02"), LostAnswer::Retry)].into(),
        who: "dana".to_owned(),
        ..LostAnswers::default()
    };
    let again = Stage::new(3, 1).goes_on(&whole.events, answers).run().await;
    let said = again.kinds(|kind| match kind {
        EventKind::LostAnswered { key, answer, who } => Some((key.host.to_string(), *answer, who.clone())),
        _ => None,
    });
    let dana = |host: &str, answer| (host.to_owned(), answer, "dana".to_owned());
    assert_eq!(said, [dana("h00", LostAnswer::Ok), dana("h01", LostAnswer::Ok), dana("h02", LostAnswer::Retry)]);
    assert_eq!(again.effects.len(), 1, "only one was done again");
    assert_eq!(again.stats.totals().changed, 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_for_failed_stays_failed_and_keeps_its_place_in_a_window() {
    let stage = || {
        Stage::new(4, 2).behaviour(0, Behaviour::LosesConnection).change(|plan| {
            let window = PlanWindow { size: 1, floor: 0, beside: 0 };
            work(plan, 0).rollout.window = Some(window);
        })
    };
    let first = stage().run().await;
    let again = stage().goes_on(&first.events, all(LostAnswer::Fail)).run().await;
    assert_eq!(again.effects, [], "the one place of the window is taken");
    assert_eq!((again.stats.steps[0].totals.failed, again.stats.steps[0].totals.cancelled), (1, 3));
    let third = stage().goes_on(&[first.events, again.events].concat(), all(LostAnswer::Retry)).run().await;
    assert_eq!(third.effects, [], "it is not done again in this run");
    let taken = || Stage::new(3, 2).behaviour(0, Behaviour::LosesConnection);
    let first = taken().run().await;
    let again = taken().goes_on(&first.events, all(LostAnswer::Fail)).run().await;
    assert_eq!(again.effects, [], "a failure ends the sheet after its step");
    let third = taken().goes_on(&[first.events, again.events].concat(), all(LostAnswer::Fail)).run().await;
    assert_eq!((third.effects, third.stats.steps[1].started), (vec![], None));
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_unless_it_is_to_be_left() {
    let failing = || Stage::new(3, 2).behaviour(1, Behaviour::FailsIn { task: "played", times: 1 });
    let first = failing().run().await;
    assert_eq!(first.stats.totals().failed, 1);
    let again = Stage::new(3, 2).goes_on(&first.events, LostAnswers::default()).run().await;
    let hosts: Vec<_> = again.effects.iter().map(|(host, step, _)| format!("{host} {step}")).collect();
    assert_eq!(hosts[0], "h01 s0");
    assert_eq!((hosts.len(), again.stats.totals().changed), (1 + 3, 6));
    let left = LostAnswers { skip_failed: true, ..LostAnswers::default() };
    let left = Stage::new(3, 2).goes_on(&first.events, left).run().await;
    let hosts: Vec<_> = left.effects.iter().map(|(host, step, _)| format!("{host} {step}")).collect();
    assert_eq!((hosts.as_slice(), left.stats.totals().failed), (&["h00 s1", "h02 s1"].map(str::to_owned)[..], 1));
}

#[tokio::test(start_paused = true)]
async fn waves_and_pauses_are_taken_up_where_they_were() {
    let stage = || {
        Stage::new(4, 1).change(|plan| {
            let rollout = PlanRollout { waves: vec![1, 1, 2], pause: Some(Pause::Ask), ..PlanRollout::default() };
            work(plan, 0).rollout = rollout;
        })
    };
    let whole = stage().run().await.events;
    let asked: Vec<_> =
        (0..whole.len()).filter(|&at| matches!(whole[at].kind, EventKind::PersonAsked { .. })).collect();
    assert_eq!(asked.len(), 2);
    // It was asked whether the second wave may start, and nobody had answered.
    let again = stage()
        .answers(&[Choice::Proceed, Choice::Abort])
        .goes_on(&whole[..=asked[0]], all(LostAnswer::Fail))
        .run()
        .await;
    let questions = again.kinds(|kind| match kind {
        EventKind::PersonAsked { question, .. } => Some(question.clone()),
        _ => None,
    });
    assert_eq!(questions, ["wave 1 of 3 is over; start the next?", "wave 2 of 3 is over; start the next?"]);
    assert_eq!(again.effects.len(), 1, "the third wave did not start");
    // The third wave was half done: it was approved.
    let third =
        (0..whole.len()).rev().find(|&at| matches!(whole[at].kind, EventKind::HostFinished { .. })).expect("an end");
    let rest = stage().goes_on(&whole[..third], all(LostAnswer::Ok)).run().await;
    assert_eq!(rest.kinds(|kind| matches!(kind, EventKind::PersonAsked { .. }).then_some(())).len(), 0);
    assert_eq!(rest.stats.totals().changed, 4);
}

#[tokio::test(start_paused = true)]
async fn after_ctrl_c_the_rest_is_done() {
    let stage = || Stage::new(6, 2).forks(2).everywhere(Behaviour::Takes(Duration::from_secs(5)));
    let first = stage().signal(Duration::from_secs(7), Signal::Interrupt).run().await;
    assert!(first.stats.totals().cancelled > 0);
    let again = stage().goes_on(&first.events, LostAnswers::default()).run().await;
    assert_eq!(ok_hosts(&first) + ok_hosts(&again), 12);
    assert_eq!(first.effects.len() + again.effects.len(), 12);
    assert!(again.stats.cancelled.is_empty() && again.stats.took > first.stats.took);
}

/// The first step is undone by the last, and the one between them fails on a host.
fn undone(plan: &mut Plan) {
    plan.steps[2].undoes = Some(0);
    plan.steps[2].after.clear();
    tasks(plan, 1, &["second"], &[]);
    work(plan, 1).policy.on_failure = OnFailure::Rollback;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_being_undone_goes_on_with_that_and_with_nothing_else() {
    let stage = || Stage::new(3, 3).behaviour(2, Behaviour::FailsIn { task: "second", times: 1 }).change(undone);
    let whole = stage().run().await.events;
    let undoing = |kind: &EventKind| matches!(kind, EventKind::StepStarted { step, .. } if step.as_str() == "s2");
    let begun = whole.iter().position(|event| undoing(&event.kind)).expect("it is undone");
    for cut in begun + 1..=whole.len() {
        let again = stage().goes_on(&whole[..cut], all(LostAnswer::Fail)).run().await;
        assert!(again.effects.iter().all(|(_, step, _)| step == "s2"), "{:?}", again.effects);
        let counts = intents(&[&whole[..cut], &again.events].concat());
        let undone: Vec<_> = counts.iter().filter(|(what, _)| what.1 == "s2").map(|(_, &count)| count).collect();
        assert_eq!(undone, [1, 1, 1], "after {cut} events");
    }
    let over = stage().goes_on(&whole, LostAnswers::default());
    assert!(over.resumption().expect("resumed").expect("decided").is_idle(&over.plan()));
}

/// What was done on the host that failed, in each step, after somebody had said this about it and the run was cut off.
async fn after_an_answer(answer: Choice) -> (Vec<String>, Report) {
    let stage = || {
        let guided = Settings { guided: true, ..Settings::default() };
        Stage::new(4, 2).settings(guided).answers(&[answer]).change(|plan| work(plan, 0).rollout.waves = vec![2, 2])
    };
    let whole = stage().behaviour(1, Behaviour::Exit(1)).run().await.events;
    let answered = |event: &Arc<RunEvent>| matches!(event.kind, EventKind::PersonAnswered { .. });
    let cut = whole.iter().position(answered).expect("somebody was asked");
    let again = stage().goes_on(&whole[..=cut], LostAnswers::default()).run().await;
    let on_it = again.effects.iter().filter(|(host, ..)| host == "h01").map(|(_, step, _)| step.clone()).collect();
    (on_it, again)
}

#[tokio::test(start_paused = true)]
async fn what_a_person_said_about_hosts_that_failed_holds_in_later_epochs() {
    let (on_it, again) = after_an_answer(Choice::Exclude).await;
    assert_eq!((on_it, again.stats.steps[0].totals.failed), (vec![], 1), "it is left out of all that follows");
    assert_eq!(again.stats.steps[1].totals.ok(), 3);
    let (on_it, again) = after_an_answer(Choice::Skip).await;
    assert_eq!(on_it, ["s1"], "it goes on as if it had not failed");
    assert_eq!(again.stats.steps[1].totals.ok(), 4);
    let (on_it, again) = after_an_answer(Choice::Retry).await;
    assert_eq!((on_it, again.stats.totals().failed), (vec!["s0".to_owned(), "s1".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_step_that_a_person_skipped_stays_skipped() {
    let guided = || {
        let guided = Settings { guided: true, ..Settings::default() };
        Stage::new(4, 2)
            .settings(guided)
            .answers(&[Choice::SkipStep])
            .change(|plan| work(plan, 0).rollout.waves = vec![2, 2])
    };
    let whole = guided().behaviour(1, Behaviour::Exit(1)).run().await.events;
    let starts =
        |event: &Arc<RunEvent>| matches!(&event.kind, EventKind::StepStarted { step, .. } if step.as_str() == "s1");
    let cut = whole.iter().position(starts).expect("the next step starts");
    let again = guided().goes_on(&whole[..cut], LostAnswers::default()).run().await;
    assert!(again.effects.iter().all(|(_, step, _)| step == "s1"), "{:?}", again.effects);
    assert_eq!(again.stats.steps[1].totals.ok(), 3, "all but the one that failed");
}

#[tokio::test(start_paused = true)]
async fn a_wave_that_goes_on_is_judged_by_its_own_hosts() {
    let stage = || {
        Stage::new(4, 2).change(|plan| {
            let work = work(plan, 0);
            work.rollout.waves = vec![1, 3];
            (work.policy.max_fail, work.policy.of) = (Some(Share::Hosts(1)), Scope::Wave);
        })
    };
    let first = stage().behaviour(0, Behaviour::LosesConnection).run().await.events;
    let second = stage().goes_on(&first, all(LostAnswer::Fail)).run().await.events;
    let ended =
        |event: &Arc<RunEvent>| matches!(&event.kind, EventKind::HostFinished { host, .. } if host.as_str() == "h01");
    let cut = second.iter().position(ended).expect("the second wave begins");
    let record = [first, second[..=cut].to_vec()].concat();
    let third = stage().behaviour(3, Behaviour::Exit(1)).goes_on(&record, all(LostAnswer::Retry)).run().await;
    assert_eq!(third.stats.steps[0].totals.failed, 2);
    assert_eq!(third.stats.steps[1].totals.ok(), 2, "one failure in each wave is tolerated");
}
