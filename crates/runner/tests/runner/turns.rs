//! However many hosts there are, the run lets others have their turn.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use runsheet_events::{EventKind, RunStats};
use runsheet_plan::Work;
use tokio::sync::mpsc;

use crate::stage::{Behaviour, Set, Stage};

const HOSTS: usize = 5_000;
/// More than is dealt with in one go, and far fewer than there are hosts.
const A_TURN: usize = 2_000;

/// Runs it, and gives how it ended and the most events that were recorded in one poll.
async fn most_in_a_turn(stage: Stage) -> (RunStats, usize) {
    let Set { runner, journal, .. } = stage.set(stage.plan());
    let (_sender, signals) = mpsc::unbounded_channel();
    let mut run = pin!(runner.execute(Vec::new(), signals));
    let (mut before, mut most) = (0, 0);
    let report = poll_fn(|context| {
        let polled = run.as_mut().poll(context);
        let recorded = journal.events.lock().expect("no panic").len();
        most = most.max(recorded - before);
        before = recorded;
        polled
    })
    .await;
    assert!(report.unrecorded.is_empty());
    let ends = journal.events.lock().expect("no panic");
    let ends = ends.iter().filter(|event| matches!(event.kind, EventKind::HostFinished { .. })).count();
    assert_eq!(ends, HOSTS, "each host ends once");
    (report.stats, most)
}

#[tokio::test(start_paused = true)]
async fn all_hosts_but_one_are_passed_over() {
    let stage = Stage::new(HOSTS, 1).everywhere(Behaviour::Exit(1)).change(|plan| {
        let Work::Hosts(work) = &mut plan.steps[0].work else { panic!("a step with hosts") };
        work.rollout.waves = vec![1, HOSTS - 1];
    });
    let (stats, most) = most_in_a_turn(stage).await;
    let totals = stats.totals();
    assert_eq!((totals.failed, totals.cancelled), (1, HOSTS - 1));
    assert!(most < A_TURN, "{most} at once");
}

#[tokio::test(start_paused = true)]
async fn all_hosts_but_one_are_skipped() {
    let stage = Stage::new(HOSTS, 1).change(|plan| {
        let Work::Hosts(work) = &mut plan.steps[0].work else { panic!("a step with hosts") };
        work.skipped = work.hosts.split_off(1);
        work.rollout.waves = vec![1];
    });
    let (stats, most) = most_in_a_turn(stage).await;
    let totals = stats.totals();
    assert_eq!((totals.changed, totals.skipped), (1, HOSTS - 1));
    assert!(most < A_TURN, "{most} at once");
}

#[tokio::test(start_paused = true)]
async fn what_becomes_durable_together_is_acted_on_in_parts() {
    let stage = Stage::new(HOSTS, 1).forks(HOSTS).sync_takes(Duration::from_secs(20));
    let (stats, most) = most_in_a_turn(stage).await;
    assert_eq!(stats.totals().changed, HOSTS);
    assert!(most < A_TURN, "{most} at once");
}
