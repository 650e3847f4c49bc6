use std::time::{Duration, SystemTime};

use runsheet_events::{RunStats, StepStats};
use runsheet_model::StepId;

use super::watch::Watch;

/// A step that will start soon, and in how long, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upcoming {
    pub(super) step: StepId,
    pub(super) owner: String,
    pub(super) within: Option<Duration>,
}

/// The steps with owners that start within `ahead`, by what history or the sheet says of the steps before them. Where nobody knows how long
/// what runs will take, it is the one step that comes next.
pub(super) fn upcoming(stats: &RunStats, watch: &Watch, ahead: Duration, now: SystemTime) -> Vec<Upcoming> {
    if watch.running.is_empty() || !stats.cancelled.is_empty() {
        return Vec::new();
    }
    let mut left = Some(Duration::ZERO);
    for (step, since) in &watch.running {
        let elapsed = now.duration_since(*since).unwrap_or_default();
        let of_step = stats.step(step).and_then(expected).map(|expected| expected.saturating_sub(elapsed));
        left = left.zip(of_step).map(|(left, of_step)| left.max(of_step));
    }
    let mut upcoming = Vec::new();
    let to_come = |step: &&StepStats| step.planned.undoes.is_none() && !watch.begun.contains(&step.planned.step);
    for step in stats.steps.iter().filter(to_come) {
        if left.is_some_and(|left| left > ahead) {
            break;
        }
        if let Some(owner) = &step.planned.owner {
            upcoming.push(Upcoming { step: step.planned.step.clone(), owner: owner.clone(), within: left });
        }
        left = left.zip(expected(step)).map(|(left, of_step)| left + of_step);
        if left.is_none() {
            break;
        }
    }
    upcoming
}

fn expected(step: &StepStats) -> Option<Duration> {
    step.planned.forecast_ms.or(step.planned.expect_ms).map(Duration::from_millis)
}
