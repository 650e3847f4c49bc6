use std::time::Duration;

use runsheet_events::{RunStats, StepStats};
use runsheet_model::{format_chosen_duration, visible};

use crate::moved::Moved;
use crate::wording::{cut, grouped, numbered, running_for, title};

/// The longest title in a live line, in columns: counts matter more there.
const TITLE: usize = 30;

/// From how many bytes on it is told how much has moved: what is less is over soon.
const WORTH_TELLING: u64 = 1 << 20;

/// One line for each step that is under way: counts, time, and the host that has been running longest.
///
/// Never a line a host: a fleet does not fit on a screen. `now` is the time since the run's start.
pub(crate) fn live_lines(stats: &RunStats, moved: &Moved, now: Duration) -> Vec<String> {
    stats
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.started.is_some() && step.took.is_none())
        .map(|(index, step)| live_line(stats, index, step, moved.bytes(&step.planned.step), now))
        .collect()
}

fn live_line(stats: &RunStats, index: usize, step: &StepStats, moved: u64, now: Duration) -> String {
    let title = cut(&title(&step.planned), TITLE);
    let mut line = format!("step {}  {title}", numbered(index, stats));
    let elapsed = running_for(now.saturating_sub(step.started.unwrap_or(now)));
    if step.planned.tasks.is_empty() {
        line.push_str(&format!("  waiting for a person  {elapsed}"));
        return line;
    }
    line.push_str(&format!("  {}/{} done", step.totals.all(), step.planned.hosts));
    match (step.totals.bad(), step.running.len()) {
        (0, 0) => {}
        (0, running) => line.push_str(&format!(", {running} running")),
        (bad, 0) => line.push_str(&format!(", {bad} failed")),
        (bad, running) => line.push_str(&format!(", {bad} failed, {running} running")),
    }
    line.push_str(&format!("  {elapsed}"));
    if let Some(expect) = step.planned.expect_ms {
        line.push_str(&format!(" of {}", format_chosen_duration(Duration::from_millis(expect))));
    }
    if moved >= WORTH_TELLING {
        line.push_str(&format!("  {} MiB moved", grouped(moved >> 20)));
    }
    let slowest = step.running.iter().min_by_key(|(_, since)| **since);
    if let Some((host, since)) = slowest {
        let host = visible(host.as_str().as_bytes());
        line.push_str(&format!("  longest: {host} {}", running_for(now.saturating_sub(*since))));
    }
    line
}
