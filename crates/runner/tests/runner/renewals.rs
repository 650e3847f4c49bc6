//! What a link has opened and what would end by itself is opened again while the run needs it, on paused time.

use std::time::Duration;

use runsheet_events::EventKind;
use runsheet_plan::{PerHost, Plan, PlanRollout};
use runsheet_runner::{LostAnswers, Signal};

use crate::rollouts::{tasks, work};
use crate::stage::{Behaviour, Report, Stage};

const MINUTE: Duration = Duration::from_mins(1);

/// The first host is worked on; what it opens is opened on the second, for it. That lasts twenty minutes.
fn stage(takes: Duration, renewal: Duration) -> Stage {
    opens(takes, renewal, false).change(one_step)
}

fn opens(work: Duration, renewal: Duration, fails: bool) -> Stage {
    Stage::new(2, 1).everywhere(Behaviour::OpensFor { lasts: 20 * MINUTE, work, renewal, fails })
}

fn one_step(plan: &mut Plan) {
    tasks(plan, 0, &["first", "second"], &["cleanup"]);
    on_the_second(plan, 0);
}

fn on_the_second(plan: &mut Plan, step: usize) {
    let work = work(plan, step);
    (work.hosts, work.rollout) = (vec![0], PlanRollout::whole(1));
    for link in work.links.iter_mut().chain(&mut work.always).filter(|link| link.task.as_str() != "second") {
        (link.delegate, link.idempotent) = (Some(PerHost::Same(1.into())), true);
    }
}

/// What began and ended, and in which minute of the run.
fn told(report: &Report) -> Vec<String> {
    let minute = |elapsed: Duration| elapsed.as_secs() / 60;
    let events = report.events.iter().filter_map(|event| {
        let what = match &event.kind {
            EventKind::AttemptStarted(key) => format!("begin {}", key.link),
            EventKind::AttemptFinished { key, .. } => format!("end {}", key.link),
            EventKind::RenewalStarted(key) => format!("renew {} ({})", key.link, key.attempt),
            EventKind::RenewalFinished { result, .. } if result.state.is_good() => "renewed".to_owned(),
            EventKind::RenewalFinished { .. } => "not renewed".to_owned(),
            _ => return None,
        };
        Some(format!("{what} at {}", minute(event.elapsed)))
    });
    events.collect()
}

#[tokio::test(start_paused = true)]
async fn a_downtime_is_extended_as_often_as_the_work_needs_it_and_no_more_once_it_is_closed() {
    let report = stage(50 * MINUTE, Duration::ZERO).run().await;
    let expected = [
        "begin 0 at 0",
        "end 0 at 0",
        "begin 1 at 0",
        "renew 0 (1) at 15",
        "renewed at 15",
        "renew 0 (2) at 30",
        "renewed at 30",
        "renew 0 (3) at 45",
        "renewed at 45",
        "end 1 at 50",
        "begin 2 at 50",
        "end 2 at 50",
    ];
    assert_eq!(told(&report), expected);
    // Each intent is durable before its effect, on the machine that the downtime is told.
    let intents =
        report.events.iter().filter(|event| matches!(event.kind, EventKind::RenewalStarted(_))).map(|event| event.seq);
    let effects = report.effects.iter().filter(|(_, command, _)| command == "s0 first").skip(1);
    for (seq, (host, _, durable)) in intents.zip(effects) {
        assert!(host == "h01" && *durable >= seq, "{host}: {durable} < {seq}");
    }
    assert!(report.stats.debts.is_empty());
    assert_eq!(report.stats.totals().ok(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_closes_it_waits_for_a_renewal_that_is_under_way() {
    let report = stage(15 * MINUTE + MINUTE / 2, 2 * MINUTE).run().await;
    let expected = [
        "begin 0 at 0",
        "end 0 at 0",
        "begin 1 at 0",
        "renew 0 (1) at 15",
        "end 1 at 15",
        "renewed at 17",
        "begin 2 at 17",
        "end 2 at 17",
    ];
    assert_eq!(told(&report), expected);
    assert!(report.stats.debts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_is_extended_over_steps() {
    let report = Stage::new(2, 3)
        .everywhere(Behaviour::OpensFor {
            lasts: 20 * MINUTE,
            work: 18 * MINUTE,
            renewal: Duration::ZERO,
            fails: false,
        })
        .change(|plan| {
            for (step, task) in ["first", "second", "cleanup"].into_iter().enumerate() {
                tasks(plan, step, &[task], &[]);
                on_the_second(plan, step);
            }
        })
        .run()
        .await;
    let renewals = told(&report).into_iter().filter(|line| line.starts_with("renew")).collect::<Vec<_>>();
    assert_eq!(renewals, ["renew 0 (1) at 15", "renewed at 15"]);
    assert!(report.stats.debts.is_empty());
    // One connection to each host, though the step that opened it is over.
    assert_eq!(report.closed, report.connects.iter().sum::<usize>());
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_is_tried_again_and_fails_nothing_else() {
    let report = opens(18 * MINUTE, Duration::ZERO, true).change(one_step).run().await;
    let renewals = told(&report).into_iter().filter(|line| line.contains("renewed")).collect::<Vec<_>>();
    assert_eq!(renewals, ["not renewed at 15", "not renewed at 16", "not renewed at 17"]);
    assert_eq!(report.stats.totals().ok(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_do_harm_when_it_is_done_twice_is_not_done_again() {
    let stage = opens(50 * MINUTE, Duration::ZERO, false);
    let report = stage.change(|plan| {
        one_step(plan);
        work(plan, 0).links[0].idempotent = false;
    });
    let report = report.run().await;
    assert!(!told(&report).iter().any(|line| line.starts_with("renew")), "{:?}", told(&report));
}

#[tokio::test(start_paused = true)]
async fn after_ctrl_c_it_is_extended_as_long_as_something_runs_and_after_the_second_no_more() {
    let report = stage(50 * MINUTE, Duration::ZERO).signal(MINUTE, Signal::Interrupt).run().await;
    assert_eq!(told(&report).iter().filter(|line| line.starts_with("renewed")).count(), 3);
    let interrupted =
        stage(50 * MINUTE, Duration::ZERO).signal(MINUTE, Signal::Interrupt).signal(20 * MINUTE, Signal::Interrupt);
    let report = interrupted.run().await;
    assert_eq!(told(&report).iter().filter(|line| line.starts_with("renewed")).count(), 1);
    assert!(report.stats.debts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_extends_it_at_once() {
    let whole = stage(50 * MINUTE, Duration::ZERO).run().await.events;
    let is_first_renewal = |kind: &EventKind| matches!(kind, EventKind::RenewalStarted(_));
    let cut = whole.iter().position(|event| is_first_renewal(&event.kind)).expect("a renewal");
    let answers = LostAnswers { all: Some(runsheet_events::LostAnswer::Retry), ..LostAnswers::default() };
    let report = stage(5 * MINUTE, Duration::ZERO).goes_on(&whole[..=cut], answers).run().await;
    assert_eq!(told(&report)[..2], ["renew 0 (1) at 0", "begin 1 at 0"].map(ToOwned::to_owned));
    assert!(report.stats.debts.is_empty());
}
