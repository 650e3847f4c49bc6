use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use runsheet_events::{EventKind, HostResult, RunEvent, RunStats, StepTotals};
use runsheet_model::{State, StepId};

use super::row::{Key, Row};
use crate::wording::{counted, said, state_word};

/// The rows that events make, each once: a later event of the same part takes the place of an earlier one.
pub(super) fn rows(run: &RunStats, events: &[RunEvent]) -> BTreeMap<Key, Row> {
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    for event in events {
        let Some((key, mut row)) = row(run, event) else { continue };
        if let Some(before) = rows.get(&key) {
            row.started = row.started.or(before.started);
        }
        rows.insert(key, row);
    }
    rows
}

/// The row of a run that has no end, as when runsheet was killed.
pub(super) fn unfinished(run: &RunStats, seq: u64) -> (Key, Row) {
    let row = Row { state: "unfinished", message: Some(counted(&run.totals())), ..of_run(run, seq) };
    (Key { kind: "run", ..Key::default() }, row)
}

fn row(run: &RunStats, event: &RunEvent) -> Option<(Key, Row)> {
    let seq = event.seq;
    Some(match &event.kind {
        EventKind::RunStarted(_) => {
            let row = Row { state: "running", started: Some(event.at), ..of_run(run, seq) };
            (Key { kind: "run", ..Key::default() }, row)
        }
        EventKind::RunFinished { totals, took } => {
            let state = if totals.bad() == 0 && !run.cancelled.is_empty() { "cancelled" } else { ended(totals) };
            let took = run.took.unwrap_or(*took);
            let waited = run.steps.iter().map(|step| step.waited).sum();
            let row = Row {
                state,
                ended: Some(event.at),
                took: Some(ms(took)),
                waited: Some(ms(waited)),
                message: Some(counted(totals)),
                ..of_run(run, seq)
            };
            (Key { kind: "run", ..Key::default() }, row)
        }
        EventKind::StepStarted { step, .. } => {
            (of_step(step), Row { state: "running", started: Some(event.at), ..planned(run, step, seq) })
        }
        EventKind::StepFinished { step, totals, took } => {
            let stats = run.step(step);
            let row = Row {
                state: ended(totals),
                changed: Some(totals.changed > 0),
                ended: Some(event.at),
                took: Some(ms(stats.and_then(|stats| stats.took).unwrap_or(*took))),
                waited: stats.map(|stats| ms(stats.waited)),
                message: Some(counted(totals)),
                ..planned(run, step, seq)
            };
            (of_step(step), row)
        }
        EventKind::HostFinished { step, host, result } => {
            let key = Key { kind: "host", host: host.to_string(), ..of_step(step) };
            (key, of_result(event.at, result, planned(run, step, seq)))
        }
        EventKind::AttemptFinished { key, result, .. } => {
            let row = of_result(event.at, result, planned(run, &key.step, seq));
            let task = run.step(&key.step).and_then(|step| step.planned.tasks.get(key.link as usize));
            let row = Row { task: task.map(ToString::to_string).or(row.task.clone()), ..row };
            let key = Key {
                kind: "attempt",
                host: key.host.to_string(),
                link: small(key.link),
                attempt: small(key.attempt),
                ..of_step(&key.step)
            };
            (key, row)
        }
        _ => return None,
    })
}

fn of_step(step: &StepId) -> Key {
    Key { kind: "step", step: step.to_string(), ..Key::default() }
}

fn of_run(run: &RunStats, seq: u64) -> Row {
    let name = run.header.as_ref().map(|header| header.sheet.clone());
    Row { seq: number(seq), name, ..Row::default() }
}

/// What the plan says of a step.
fn planned(run: &RunStats, step: &StepId, seq: u64) -> Row {
    let Some(planned) = run.step(step).map(|step| &step.planned) else {
        return Row { seq: number(seq), ..Row::default() };
    };
    Row {
        seq: number(seq),
        name: Some(planned.name.clone()),
        task: Some(planned.tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        owner: planned.owner.clone(),
        expected: planned.expect_ms.map(number),
        forecast: planned.forecast_ms.map(number),
        ..Row::default()
    }
}

fn of_result(at: SystemTime, result: &HostResult, row: Row) -> Row {
    let begun = !matches!(result.state, State::Skipped | State::Cancelled);
    Row {
        state: state_word(&result.state),
        changed: Some(matches!(result.state, State::Ok { changed: true })),
        started: at.checked_sub(result.took).filter(|_| begun),
        ended: Some(at),
        took: Some(ms(result.took)),
        // What an expected time is of is the step, not one host.
        expected: None,
        forecast: None,
        message: Some(said(result)),
        ..row
    }
}

fn ended(totals: &StepTotals) -> &'static str {
    if totals.bad() > 0 { "failed" } else { "ok" }
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
