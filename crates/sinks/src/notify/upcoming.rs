use std::collections::HashMap;
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

/// The steps with owners that start within `ahead`: once the steps that they wait for are over, by what history or the sheet says of those.
/// Where nobody knows how long one of them will take that runs, it is a step that waits for nothing else.
pub(super) fn upcoming(stats: &RunStats, watch: &Watch, ahead: Duration, now: SystemTime) -> Vec<Upcoming> {
    if watch.running.is_empty() || !stats.cancelled.is_empty() {
        return Vec::new();
    }
    let mut ends = ends_of_begun(stats, watch, now);
    let forward: Vec<&StepStats> = stats.steps.iter().filter(|step| step.planned.undoes.is_none()).collect();
    let mut waiting: Vec<(&StepStats, Vec<&StepId>)> = Vec::new();
    for (place, step) in forward.iter().enumerate() {
        if !watch.begun.contains(&step.planned.step) {
            // A record that does not tell is of a run that went row by row.
            let before = place.checked_sub(1).map(|before| &forward[before].planned.step);
            let after = step
                .planned
                .after
                .as_ref()
                .map_or_else(|| before.into_iter().collect(), |after| after.iter().collect());
            waiting.push((step, after));
        }
    }
    let mut upcoming = Vec::new();
    // A step may wait for one of a later row, so that one pass over the rows need not be enough.
    loop {
        let before = waiting.len();
        waiting.retain(|(step, after)| {
            let Some(start) = after.iter().map(|step| ends.get(step).copied()).collect::<Option<Vec<_>>>() else {
                return true;
            };
            let start = start.into_iter().max().unwrap_or(Moment::In(Duration::ZERO));
            let within = match start {
                Moment::In(time) if time <= ahead => Some(Some(time)),
                Moment::Unknown => Some(None),
                Moment::In(_) | Moment::Later => None,
            };
            if let (Some(owner), Some(within)) = (&step.planned.owner, within) {
                upcoming.push(Upcoming { step: step.planned.step.clone(), owner: owner.clone(), within });
            }
            let end = match (start, expected(step)) {
                (Moment::In(start), Some(time)) => Moment::In(start.saturating_add(time)),
                _ => Moment::Later,
            };
            ends.insert(&step.planned.step, end);
            false
        });
        if waiting.len() == before {
            return upcoming;
        }
    }
}

/// When the steps are over that have begun.
fn ends_of_begun<'a>(stats: &RunStats, watch: &'a Watch, now: SystemTime) -> HashMap<&'a StepId, Moment> {
    let end = |step: &StepId| {
        let Some(since) = watch.running.get(step) else { return Moment::In(Duration::ZERO) };
        let elapsed = now.duration_since(*since).unwrap_or_default();
        let expected = stats.step(step).and_then(expected);
        expected.map_or(Moment::Unknown, |expected| Moment::In(expected.saturating_sub(elapsed)))
    };
    watch.begun.iter().map(|step| (step, end(step))).collect()
}

/// When something is over. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// In so long.
    In(Duration),
    /// It is under way, and nobody knows for how long.
    Unknown,
    /// It waits for something of which nobody knows how long it takes.
    Later,
}

fn expected(step: &StepStats) -> Option<Duration> {
    step.planned.forecast_ms.or(step.planned.expect_ms).map(Duration::from_millis)
}
