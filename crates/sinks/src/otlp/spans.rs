use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runsheet_events::{AttemptKey, CommandRecord, EventKind, HostResult, RunEvent, RunHeader, RunStats, StepTotals};
use runsheet_model::{HostName, RunId, State, StepId, shortened};
use serde_json::{Value, json};

use super::attributes::Attributes;
use super::ids;
use crate::wording::{counted, said, state_word};

/// How much of a message is sent, in characters.
const MESSAGE: usize = 1000;

/// `SPAN_KIND_INTERNAL` and `SPAN_KIND_CLIENT`, `STATUS_CODE_OK` and `STATUS_CODE_ERROR` of `trace.proto`.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
const OK: u8 = 1;
const ERROR: u8 = 2;

/// Makes spans of events: one for whatever has ended. It knows what has begun and when.
#[derive(Debug, Default)]
pub(super) struct Spans {
    run_began: Option<SystemTime>,
    last: Option<SystemTime>,
    steps: BTreeMap<StepId, SystemTime>,
    hosts: BTreeMap<(StepId, HostName), SystemTime>,
}

impl Spans {
    /// Takes note of an event, and gives the spans that end with it.
    pub(super) fn of(&mut self, run: RunId, stats: &RunStats, event: &RunEvent) -> Vec<Value> {
        self.note(event);
        match &event.kind {
            EventKind::AttemptFinished { key, result, commands, .. } => attempt(run, event.at, key, result, commands),
            // What never began took no time; how many there are, the step's span says.
            EventKind::HostFinished { result, .. } if matches!(result.state, State::Skipped | State::Cancelled) => {
                Vec::new()
            }
            EventKind::HostFinished { step, host, result } => {
                let began = self.hosts.remove(&(step.clone(), host.clone()));
                vec![host_span(
                    run,
                    (began.unwrap_or_else(|| before(event.at, result.took)), event.at),
                    step,
                    host,
                    result,
                )]
            }
            EventKind::StepFinished { step, totals, took } => {
                let began = self.steps.get(step).copied().unwrap_or_else(|| before(event.at, *took));
                vec![step_span(run, (began, event.at), stats, step, totals)]
            }
            EventKind::RunFinished { .. } => self.run_span(run, stats, true).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Takes note of an event whose spans were delivered before.
    pub(super) fn note(&mut self, event: &RunEvent) {
        self.last = Some(event.at);
        match &event.kind {
            EventKind::RunStarted(_) => _ = self.run_began.get_or_insert(event.at),
            EventKind::StepStarted { step, .. } => _ = self.steps.entry(step.clone()).or_insert(event.at),
            EventKind::HostStarted { step, host } => _ = self.hosts.insert((step.clone(), host.clone()), event.at),
            _ => {}
        }
    }

    /// The span of the run: the parent of all. Of one that has no end, as when runsheet was killed, up to its last event.
    pub(super) fn run_span(&self, run: RunId, stats: &RunStats, ended: bool) -> Option<Value> {
        let header = stats.header.as_ref()?;
        let (began, end) = (self.run_began?, self.last?);
        let totals = stats.totals();
        let verdict = if !ended {
            failed("runsheet ended before the run did")
        } else if totals.bad() > 0 || !stats.cancelled.is_empty() {
            failed(&counted(&totals))
        } else {
            json!({"code": OK})
        };
        let attributes = with_counts(of_run(header), &totals).text("runsheet.run", run.to_string());
        Some(
            Span {
                run,
                parts: &[],
                parent: None,
                name: &header.sheet,
                kind: INTERNAL,
                times: (began, end),
                attributes,
                status: verdict,
            }
            .json(),
        )
    }
}

/// The attributes of the run that every reader wants.
fn of_run(header: &RunHeader) -> Attributes {
    Attributes::default()
        .text("runsheet.sheet", header.sheet.clone())
        .text("runsheet.command", header.command.clone())
        .text("runsheet.plan", header.plan_hash.clone())
        .text("user.name", header.user.clone())
        .number("runsheet.epoch", header.epoch)
        .number("runsheet.hosts", header.hosts)
}

fn with_counts(attributes: Attributes, totals: &StepTotals) -> Attributes {
    attributes
        .number("runsheet.hosts.ok", totals.ok())
        .number("runsheet.hosts.changed", totals.changed)
        .number("runsheet.hosts.failed", totals.failed)
        .number("runsheet.hosts.unreachable", totals.unreachable)
        .number("runsheet.hosts.lost", totals.lost)
        .number("runsheet.hosts.skipped", totals.skipped)
        .number("runsheet.hosts.cancelled", totals.cancelled)
}

fn step_span(
    run: RunId,
    times: (SystemTime, SystemTime),
    stats: &RunStats,
    step: &StepId,
    totals: &StepTotals,
) -> Value {
    let planned = stats.step(step).map(|step| &step.planned);
    let mut attributes = with_counts(Attributes::default().text("runsheet.step", step.as_str()), totals);
    if let Some(planned) = planned {
        let tasks = planned.tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        attributes = attributes.text("runsheet.task", tasks).maybe("runsheet.owner", planned.owner.clone());
        for (key, ms) in [("runsheet.expect_ms", planned.expect_ms), ("runsheet.forecast_ms", planned.forecast_ms)] {
            if let Some(ms) = ms {
                attributes = attributes.number(key, ms);
            }
        }
    }
    let verdict = if totals.bad() > 0 { failed(&counted(totals)) } else { json!({"code": OK}) };
    let name = planned.map_or_else(|| step.as_str().to_owned(), |planned| planned.name.clone());
    Span {
        run,
        parts: &["step", step.as_str()],
        parent: Some(&[]),
        name: &name,
        kind: INTERNAL,
        times,
        attributes,
        status: verdict,
    }
    .json()
}

fn host_span(
    run: RunId,
    times: (SystemTime, SystemTime),
    step: &StepId,
    host: &HostName,
    result: &HostResult,
) -> Value {
    let attributes =
        ended(Attributes::default(), result).text("runsheet.step", step.as_str()).text("server.address", host.as_str());
    let parts = ["host", step.as_str(), host.as_str()];
    let parent = ["step", step.as_str()];
    Span {
        run,
        parts: &parts,
        parent: Some(&parent),
        name: host.as_str(),
        kind: INTERNAL,
        times,
        attributes,
        status: status(result),
    }
    .json()
}

/// The span of an attempt, and those of its commands.
fn attempt(
    run: RunId,
    at: SystemTime,
    key: &AttemptKey,
    result: &HostResult,
    commands: &[CommandRecord],
) -> Vec<Value> {
    let (link, number) = (key.link.to_string(), key.attempt.to_string());
    let parts = ["attempt", key.step.as_str(), key.host.as_str(), &link, &number];
    let parent = ["host", key.step.as_str(), key.host.as_str()];
    let began = before(at, result.took);
    let attributes = ended(Attributes::default(), result)
        .number("runsheet.link", key.link)
        .number("runsheet.attempt", key.attempt)
        .text("server.address", key.host.as_str());
    let name = format!("link {} attempt {number}", key.link + 1);
    let mut spans = vec![
        Span {
            run,
            parts: &parts,
            parent: Some(&parent),
            name: &name,
            kind: INTERNAL,
            times: (began, at),
            attributes,
            status: status(result),
        }
        .json(),
    ];
    for (index, command) in commands.iter().enumerate() {
        let start = began + command.started;
        let text = shortened(&command.command, MESSAGE);
        let mut attributes = Attributes::default()
            .text("process.command_line", text.clone())
            .text("server.address", key.host.as_str())
            .number("runsheet.output_bytes", command.output_bytes);
        if let Some(code) = command.code {
            attributes = attributes.number("process.exit.code", code);
        }
        // A command that fails need not fail its task: the attempt's status tells that.
        let status = json!({});
        let index = index.to_string();
        let own: Vec<&str> = parts.iter().copied().chain(["command", &index]).collect();
        let times = (start, start + command.took);
        let name = text.split_whitespace().next().unwrap_or("command");
        spans.push(
            Span { run, parts: &own, parent: Some(&parts), name, kind: CLIENT, times, attributes, status }.json(),
        );
    }
    spans
}

fn ended(attributes: Attributes, result: &HostResult) -> Attributes {
    let attributes =
        attributes.text("runsheet.state", state_word(&result.state)).text("runsheet.message", said(result));
    match result.state {
        State::Ok { changed } => attributes.truth("runsheet.changed", changed),
        State::Skipped | State::Cancelled => attributes,
        _ => attributes.text("error.type", state_word(&result.state)),
    }
}

fn status(result: &HostResult) -> Value {
    match result.state {
        State::Ok { .. } => json!({"code": OK}),
        State::Skipped | State::Cancelled => json!({}),
        _ => failed(&said(result)),
    }
}

fn failed(message: &str) -> Value {
    json!({"code": ERROR, "message": message})
}

fn before(at: SystemTime, took: Duration) -> SystemTime {
    at.checked_sub(took).unwrap_or(at)
}

/// A moment as the protocol has it: nanoseconds since 1970, as a text.
pub(super) fn nanos(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

/// What a span is made of.
struct Span<'a> {
    run: RunId,
    /// What its id is made of, and that of its parent.
    parts: &'a [&'a str],
    parent: Option<&'a [&'a str]>,
    name: &'a str,
    kind: u8,
    times: (SystemTime, SystemTime),
    attributes: Attributes,
    status: Value,
}

impl Span<'_> {
    fn json(self) -> Value {
        let mut span = json!({
            "traceId": ids::trace(self.run),
            "spanId": ids::span(self.run, self.parts),
            "name": self.name,
            "kind": self.kind,
            "startTimeUnixNano": nanos(self.times.0),
            "endTimeUnixNano": nanos(self.times.1),
            "attributes": self.attributes.list(),
            "status": self.status,
        });
        if let Some(parent) = self.parent {
            span["parentSpanId"] = ids::span(self.run, parent).into();
        }
        span
    }
}
