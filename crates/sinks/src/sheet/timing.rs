use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use runsheet_events::{RunStats, StepStats};
use runsheet_model::{RunId, State, StepId, shortened};
use runsheet_workbook::Value;

use super::columns::Field;
use super::history::{History, StepHistory};

/// The longest first error, in characters.
const LONGEST_ERROR: usize = 200;

/// What stands in the row of a step.
#[derive(Debug)]
pub(crate) struct Timing<'a> {
    pub(crate) step: &'a StepId,
    pub(crate) values: [(Field, Value); Field::ALL.len()],
}

/// What stands in the rows of all steps of a run. The same run gives the same, whenever it is asked.
pub(crate) fn of<'a>(run: RunId, stats: &'a RunStats, history: &History, zone: &TimeZone) -> Vec<Timing<'a>> {
    stats.steps.iter().map(|step| timing(run, step, history.steps.get(&step.planned.step), zone)).collect()
}

fn timing<'a>(run: RunId, step: &'a StepStats, history: Option<&StepHistory>, zone: &TimeZone) -> Timing<'a> {
    let moment = |at: Option<SystemTime>| at.map_or_else(empty, |at| local(at, zone));
    let counted = step.planned.hosts > 0 && step.started.is_some();
    let count = |count: usize| {
        if counted { Value::Number(f64::from(u32::try_from(count).unwrap_or(u32::MAX))) } else { empty() }
    };
    let values = [
        (Field::Started, moment(history.and_then(|history| history.started))),
        (Field::Ended, moment(history.and_then(|history| history.ended))),
        (Field::Elapsed, step.took.map_or_else(empty, whole_seconds)),
        (Field::HostsOk, count(step.totals.ok())),
        (Field::HostsFailed, count(step.totals.bad())),
        (Field::FirstError, text(first_error(step, history))),
        (Field::Run, Value::Text(run.to_string())),
        (Field::ForecastError, text(forecast_error(step))),
    ];
    Timing { step: &step.planned.step, values }
}

fn empty() -> Value {
    Value::Text(String::new())
}

fn text(text: Option<String>) -> Value {
    Value::Text(text.unwrap_or_default())
}

/// A moment as people of the zone read it, to the second.
fn local(at: SystemTime, zone: &TimeZone) -> Value {
    match Timestamp::try_from(at) {
        Ok(at) => Value::DateTime(at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        Err(_) => empty(),
    }
}

fn whole_seconds(took: Duration) -> Value {
    Value::Duration(Duration::from_secs((took + Duration::from_millis(500)).as_secs()))
}

/// The host on which the step first went wrong, and what was said; or what else stopped it.
fn first_error(step: &StepStats, history: Option<&StepHistory>) -> Option<String> {
    let bad = |state: &State| matches!(state, State::Failed { .. } | State::Unreachable(_) | State::Lost { .. });
    let first = step
        .troubled
        .iter()
        .filter(|(_, host)| bad(&host.result.state))
        .min_by_key(|(_, host)| host.started.unwrap_or_default() + host.result.took);
    let told = match first {
        Some((name, host)) => format!("{name}: {}", host.result.outcome.message),
        None => history?.stopped.clone()?,
    };
    // A sheet is no terminal, but one line drives nothing there either.
    Some(shortened(&told, LONGEST_ERROR))
}

/// How far off the forecast was: `12% slower`.
fn forecast_error(step: &StepStats) -> Option<String> {
    let forecast = step.planned.forecast_ms.filter(|forecast| *forecast > 0)?;
    let took = u64::try_from(step.took?.as_millis()).ok()?;
    let off = (took.abs_diff(forecast).saturating_mul(100) + forecast / 2) / forecast;
    Some(match off {
        0 => "as forecast".to_owned(),
        off if took > forecast => format!("{off}% slower"),
        off => format!("{off}% faster"),
    })
}
