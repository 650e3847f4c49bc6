//! Files that a step makes.

use std::time::Duration;

use runsheet_events::{CancelReason, EventKind};
use runsheet_model::State;
use runsheet_plan::{Plan, PlanFile};
use runsheet_runner::Signal;

use crate::stage::{Behaviour, Report, Stage};
use crate::states;

fn makes(plan: &mut Plan, step: usize, path: &str) {
    plan.steps[step].makes = vec![PlanFile { name: path.to_owned(), path: path.into() }];
}

/// What happened to files and steps, in order.
fn story(report: &Report) -> Vec<String> {
    report.kinds(|kind| match kind {
        EventKind::FileMade { step, file } => Some(format!("{step} made {} {}", file.path, file.sha256)),
        EventKind::StepStarted { step, .. } => Some(format!("{step} starts")),
        EventKind::StepFinished { step, .. } => Some(format!("{step} ends")),
        EventKind::RunCancelled { reason: CancelReason::FileNotMade { step, path, reason } } => {
            Some(format!("{step} has not made {path}: {reason}"))
        }
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn a_file_is_recorded_before_its_step_is_over() {
    let report = Stage::new(2, 2).change(|plan| makes(plan, 0, "there")).run().await;
    let made = format!("s0 made there {}", "5ca1ab1e".repeat(8));
    assert_eq!(story(&report), ["s0 starts", &made, "s0 ends", "s1 starts", "s1 ends"]);
    let by_hand = Stage::new(1, 1).manual_first(true).change(|plan| makes(plan, 0, "there")).run().await;
    assert_eq!(story(&by_hand)[1], made.replace("s0", "manual"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_there_at_the_end_of_its_step_ends_the_run() {
    let report = Stage::new(2, 2).change(|plan| makes(plan, 0, "nowhere")).run().await;
    assert_eq!(story(&report), ["s0 starts", "s0 has not made nowhere: it is not there", "s0 ends"]);
    let by_hand = Stage::new(1, 1).manual_first(true).change(|plan| makes(plan, 0, "nowhere")).run().await;
    assert_eq!(story(&by_hand), ["manual starts", "manual has not made nowhere: it is not there", "manual ends"]);
    assert_eq!(by_hand.effects.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_for_the_file_of_a_step_that_did_not_end_well() {
    let report = Stage::new(2, 2).behaviour(1, Behaviour::Exit(1)).change(|plan| makes(plan, 0, "nowhere")).run().await;
    assert_eq!(story(&report), ["s0 starts", "s0 ends"]);
    let report = Stage::new(1, 1).manual_first(false).change(|plan| makes(plan, 0, "nowhere")).run().await;
    assert_eq!(story(&report), ["manual starts", "manual ends"]);
    // What failed was tolerated: later steps may want it.
    let tolerant = |plan: &mut Plan| {
        makes(plan, 0, "there");
        if let runsheet_plan::Work::Hosts(work) = &mut plan.steps[0].work {
            work.policy.max_fail = Some(runsheet_model::Share::Hosts(1));
        }
    };
    let report = Stage::new(2, 2).behaviour(1, Behaviour::Exit(1)).change(tolerant).run().await;
    assert_eq!(story(&report).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_never_read_to_its_end_does_not_outlast_the_second_interrupt() {
    let report = Stage::new(2, 2)
        .change(|plan| makes(plan, 0, "slow"))
        .signal(Duration::from_secs(5), Signal::Interrupt)
        .signal(Duration::from_secs(6), Signal::Interrupt)
        .run()
        .await;
    assert!(report.took < Duration::from_secs(8), "it took {:?}", report.took);
    assert_eq!(
        story(&report),
        ["s0 starts", "s0 has not made slow: it was stopped before it was read to its end", "s0 ends"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_is_recorded_though_something_else_ended_the_run() {
    // s1 runs beside s0, and fails first.
    let beside = |plan: &mut Plan| {
        makes(plan, 0, "there");
        plan.steps[1].after.clear();
        plan.steps[2].after = vec![0, 1];
        plan.steps[1].work = plan.steps[2].work.clone();
        if let runsheet_plan::Work::Hosts(work) = &mut plan.steps[1].work {
            work.hosts = vec![1];
            work.rollout = runsheet_plan::PlanRollout::whole(1);
        }
        if let runsheet_plan::Work::Hosts(work) = &mut plan.steps[0].work {
            work.hosts = vec![0];
            work.rollout = runsheet_plan::PlanRollout::whole(1);
        }
    };
    let report = Stage::new(2, 3)
        .behaviour(0, Behaviour::Takes(Duration::from_secs(9)))
        .behaviour(1, Behaviour::Exit(1))
        .change(beside)
        .run()
        .await;
    let told = story(&report);
    assert!(told.iter().any(|line| line.starts_with("s0 made there")), "{told:?}");
    assert!(!told.iter().any(|line| line == "s2 starts"), "{told:?}");
    let states = states(&report, 0);
    assert!(!states.is_empty() && states.iter().all(|(_, state)| matches!(state, State::Ok { .. })), "{states:?}");
}
