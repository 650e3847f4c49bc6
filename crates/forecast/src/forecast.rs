use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::usual::scaled;
use crate::{HostPast, Past, TaskPast, Usual, on_this_level};

/// From how many of the newest runs a forecast is made, at most.
const RUNS: usize = 20;
/// From how many runs on a range is told: what two of them say is no range.
const RANGE_RUNS: usize = 3;

/// How long a step will take: machine time, waiting for people left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Half of the runs will be over by then.
    pub time: Duration,
    /// Within which four of five runs stay; nothing if too little is known.
    pub range: Option<Range>,
    /// What it rests on.
    pub basis: Basis,
    /// How many past runs it rests on; 0 for [`Basis::Sheet`]. For [`Basis::Tasks`], those of the host with the fewest; for
    /// [`Basis::Elsewhere`], those of the task with the fewest.
    pub runs: usize,
}

/// A range of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// One run in ten is below.
    pub low: Duration,
    /// One run in ten is above.
    pub high: Duration,
}

/// What a forecast rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Past runs of the same step of the same sheet.
    Step,
    /// The same tasks on the same hosts, in other steps or sheets.
    Tasks,
    /// The same tasks in other steps or sheets, on whatever hosts.
    Elsewhere,
    /// What the sheet expects.
    Sheet,
}

/// Foresees how long a step will take: by its own past runs, else by what the same tasks took on its hosts, else by what
/// they took anywhere, else as the sheet expects; nothing if nobody knows.
///
/// Of the past runs the newest 20 count, and of these only those on the present level ([`on_this_level`]). Where the number of hosts
/// was another one, the time is taken times the number of turns, each of as many hosts as are worked on at once.
pub fn forecast(past: &Past) -> Option<Forecast> {
    by_itself(past).or_else(|| by_tasks(past)).or_else(|| by_tasks_elsewhere(past)).or_else(|| by_sheet(past))
}

fn by_itself(past: &Past) -> Option<Forecast> {
    let times: Vec<_> =
        past.own.iter().map(|sample| scaled(sample.took, past.shape.scale_from(sample.hosts))).collect();
    let usual = recent(&times)?;
    let range = Range { low: usual.p10, high: usual.p90 };
    Some(Forecast { time: usual.median, range: told(range, usual.runs), basis: Basis::Step, runs: usual.runs })
}

fn by_tasks(past: &Past) -> Option<Forecast> {
    let known: Vec<_> = past.hosts.iter().filter_map(|HostPast { times }| recent(times)).collect();
    if known.is_empty() || known.len() < past.hosts.len() {
        return None;
    }
    let together = |time: fn(&Usual) -> Duration| past.shape.together(&known.iter().map(time).collect::<Vec<_>>());
    let runs = known.iter().map(|usual| usual.runs).min().unwrap_or(0);
    let range = Range { low: together(|usual| usual.p10), high: together(|usual| usual.p90) };
    let time = together(|usual| usual.median);
    Some(Forecast { time, range: told(range, runs), basis: Basis::Tasks, runs })
}

/// Of as many hosts as the step has, one takes as long as the slowest usually did, and each other as long as half of them did.
fn by_tasks_elsewhere(past: &Past) -> Option<Forecast> {
    let known: Vec<_> =
        past.tasks.iter().filter_map(|TaskPast { medians, longest }| recent(medians).zip(recent(longest))).collect();
    let hosts = past.shape.hosts();
    if hosts == 0 || known.is_empty() || known.len() < past.tasks.len() {
        return None;
    }
    let chain = |time: &dyn Fn(&(Usual, Usual)) -> Duration| {
        known.iter().fold(Duration::ZERO, |sum, task| sum.saturating_add(time(task)))
    };
    let together = |slowest: Duration, other: Duration| {
        let mut times = vec![other; hosts];
        if hosts > 1 {
            times[0] = slowest.max(other);
        }
        past.shape.together(&times)
    };
    let time = together(chain(&|(_, longest)| longest.median), chain(&|(medians, _)| medians.median));
    let low = together(chain(&|(_, longest)| longest.p10), chain(&|(medians, _)| medians.p10));
    let high = together(chain(&|(_, longest)| longest.p90), chain(&|(medians, _)| medians.p90));
    let runs = known.iter().map(|(medians, _)| medians.runs).min().unwrap_or(0);
    Some(Forecast { time, range: told(Range { low, high }, runs), basis: Basis::Elsewhere, runs })
}

fn by_sheet(past: &Past) -> Option<Forecast> {
    Some(Forecast { time: past.expected?, range: None, basis: Basis::Sheet, runs: 0 })
}

fn recent(times: &[Duration]) -> Option<Usual> {
    Usual::of(&times[..on_this_level(times).min(RUNS)])
}

fn told(range: Range, runs: usize) -> Option<Range> {
    (runs >= RANGE_RUNS).then_some(range)
}
