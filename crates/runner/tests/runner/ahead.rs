//! Connections are made ahead of time.

use std::time::Duration;

use runsheet_events::EventKind;
use runsheet_model::State;
use runsheet_plan::{PlanWindow, Work};

use crate::stage::{Behaviour, Report, Stage};
use crate::states;

const CONNECT: Duration = Duration::from_secs(2);
const WORK: Duration = Duration::from_secs(5);

/// Twelve hosts, each of which takes its time to connect and then to do its work.
fn twelve() -> Stage {
    Stage::new(12, 1).connect_takes(CONNECT).everywhere(Behaviour::Takes(WORK))
}

fn about(report: &Report, expected: Duration) {
    assert!(
        report.took >= expected && report.took < expected + Duration::from_millis(500),
        "it took {:?}, not {expected:?}",
        report.took
    );
}

#[tokio::test(start_paused = true)]
async fn a_wave_does_not_wait_for_handshakes() {
    let report = twelve()
        .change(|plan| {
            let Work::Hosts(work) = &mut plan.steps[0].work else { panic!("a step with hosts") };
            work.rollout.waves = vec![4, 4, 4];
        })
        .run()
        .await;
    about(&report, CONNECT + 3 * WORK);
    assert_eq!(report.connects, [1; 12]);
}

#[tokio::test(start_paused = true)]
async fn a_window_does_not_wait_for_handshakes() {
    let report = twelve()
        .change(|plan| {
            let Work::Hosts(work) = &mut plan.steps[0].work else { panic!("a step with hosts") };
            work.rollout.window = Some(PlanWindow { size: 3, floor: 0, beside: 0 });
        })
        .run()
        .await;
    about(&report, CONNECT + 4 * WORK);
    assert_eq!(report.connects, [1; 12]);
}

#[tokio::test(start_paused = true)]
async fn a_step_on_other_hosts_does_not_wait_for_handshakes() {
    let report = Stage::new(12, 2)
        .connect_takes(CONNECT)
        .everywhere(Behaviour::Takes(WORK))
        .change(|plan| {
            for (step, hosts) in [(0, 0..6), (1, 6..12)] {
                let Work::Hosts(work) = &mut plan.steps[step].work else { panic!("a step with hosts") };
                work.hosts = hosts.collect();
                work.rollout.waves = vec![6];
            }
        })
        .run()
        .await;
    about(&report, CONNECT + 2 * WORK);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_was_not_reached_ahead_of_time_is_told_of_in_its_turn_and_asked_once() {
    let report = twelve()
        .behaviour(5, Behaviour::DeniesLogin)
        .change(|plan| {
            let Work::Hosts(work) = &mut plan.steps[0].work else { panic!("a step with hosts") };
            work.rollout.waves = vec![4, 8];
        })
        .run()
        .await;
    assert_eq!(report.connects[5], 1);
    let states = states(&report, 0);
    assert!(matches!(states[5].1, State::Unreachable(_)), "{states:?}");
    let second_wave =
        report.events.iter().position(|event| matches!(event.kind, EventKind::WaveStarted { wave: 2, .. }));
    let told = report
        .events
        .iter()
        .position(|event| matches!(&event.kind, EventKind::HostFinished { host, .. } if host.as_str() == "h05"));
    assert!(told > second_wave, "{told:?}, {second_wave:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_connected_to_ahead_of_time_once_too_much_failed() {
    let report = twelve()
        .connect_takes(Duration::ZERO)
        .everywhere(Behaviour::Exit(1))
        .forks(1)
        .change(|plan| {
            let Work::Hosts(work) = &mut plan.steps[0].work else { panic!("a step with hosts") };
            work.rollout.waves = vec![1, 1, 10];
        })
        .run()
        .await;
    // The second wave was made ready while the first was at work; the third never was.
    assert!(report.connects.iter().sum::<usize>() <= 2, "{:?}", report.connects);
    let open = report.connects.iter().sum::<usize>() - report.closed;
    assert_eq!(open, 0, "connections are left");
}
