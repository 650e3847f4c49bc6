use std::io::{self, Write};
use std::time::Duration;

use runsheet_events::{StepStats, StepTotals, words};
use runsheet_model::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::utc;
use crate::step_report::HostReport;
use crate::{Context, Report, Verdict, failures};

/// A run as one document. Times are milliseconds since the run's start, moments RFC 3339 in UTC.
#[derive(Debug, Serialize, JsonSchema)]
struct Document {
    /// Version of this format: 1. Fields may be added to it.
    format: u32,
    /// The id of the run.
    run: Option<String>,
    /// Name of the sheet.
    sheet: Option<String>,
    /// `ok`, `failed`, `outcome unknown`, `stopped` or `not over`.
    verdict: &'static str,
    /// The command line, word by word; empty in records of older versions.
    command: Vec<String>,
    /// Hash of the plan.
    plan_hash: Option<String>,
    /// Login name of who started it.
    user: Option<String>,
    /// The machine on which runsheet ran.
    machine: Option<String>,
    /// When it was begun, and each time that it was resumed.
    started_at: Vec<String>,
    /// How long it took, or has taken so far.
    took_ms: u64,
    /// Hosts of all steps, counted by how they ended.
    totals: Totals,
    /// Why nothing new was started.
    stopped: Vec<String>,
    /// The steps, in the order of the sheet.
    steps: Vec<Step>,
    /// Hosts that did not end well, grouped by what they said.
    failures: Vec<Group>,
    /// What was opened and not closed.
    open: Vec<Open>,
    /// Warnings, at most 1,000.
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Totals {
    changed: usize,
    unchanged: usize,
    failed: usize,
    unreachable: usize,
    lost: usize,
    skipped: usize,
    cancelled: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// Its place in the plan, from 1.
    number: usize,
    /// Its id.
    #[serde(rename = "step")]
    id: String,
    name: String,
    owner: Option<String>,
    /// The tasks of its chain; empty for a manual step.
    tasks: Vec<String>,
    started_ms: Option<u64>,
    /// Machine time, waiting for people left out; absent until it is over.
    took_ms: Option<u64>,
    /// How long it waited for people.
    waited_ms: u64,
    /// How long the sheet expects it to take.
    expect_ms: Option<u64>,
    /// How long it was forecast to take when the run began.
    forecast_ms: Option<u64>,
    totals: Totals,
    waves: Vec<Wave>,
    questions: Vec<Question>,
    hosts: Vec<Host>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Wave {
    /// From 1.
    number: usize,
    hosts: usize,
    started_ms: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Question {
    /// What was asked.
    #[serde(rename = "question")]
    text: String,
    asked_ms: u64,
    /// Who answered; absent while nobody has.
    who: Option<String>,
    /// Whether they said to go on.
    proceed: Option<bool>,
    note: Option<String>,
    waited_ms: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Host {
    /// Its name.
    #[serde(rename = "host")]
    name: String,
    /// `ok`, `changed`, `failed`, `unreachable`, `lost`, `skipped`, `cancelled` or `running`.
    state: &'static str,
    /// What the task returned: 0 for success.
    value: Option<i32>,
    /// What the task said.
    message: Option<String>,
    started_ms: Option<u64>,
    took_ms: Option<u64>,
    /// From 1; absent if the step has one wave only.
    wave: Option<usize>,
    /// The first 32 attempts.
    attempts: Vec<Attempt>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Attempt {
    /// Which link of the chain, from 0.
    link: u32,
    /// Which try, from 1.
    #[serde(rename = "attempt")]
    number: u32,
    started_ms: u64,
    took_ms: Option<u64>,
    state: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Group {
    step: String,
    /// `failed`, `unreachable`, `lost` or `cancelled`.
    state: &'static str,
    /// The first line of what they said; `<host>` stands for their names.
    line: String,
    hosts: Vec<String>,
    hints: Vec<String>,
    /// The end of what the first of them printed.
    output: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Open {
    what: String,
    hosts: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Warning {
    at_ms: u64,
    message: String,
}

/// Writes a run as one document of JSON; [`schema`] describes it.
pub fn json(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &document(report, context))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The JSON Schema of [`json`].
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

fn document(report: &Report, context: &Context<'_>) -> Document {
    let header = report.stats.header.as_ref();
    let request = header.and_then(|header| header.request.as_ref());
    let step_id = |index: usize| report.stats.steps.get(index).map(|step| step.planned.step.to_string());
    let group = |failure: crate::Failure<'_>| Group {
        step: step_id(failure.group.step).unwrap_or_default(),
        state: failure.group.trouble.word(),
        line: failure.group.line,
        hosts: owned(&failure.group.hosts),
        hints: failure.group.hints,
        output: failure.variants.into_iter().next().map(|first| first.output).filter(|output| !output.is_empty()),
    };
    Document {
        format: 1,
        run: header.map(|header| header.run.to_string()),
        sheet: header.map(|header| header.sheet.clone()),
        verdict: Verdict::of(&report.stats).word(),
        command: request.map(|request| request.words.clone()).unwrap_or_default(),
        plan_hash: header.map(|header| header.plan_hash.clone()),
        user: header.map(|header| header.user.clone()),
        machine: header.map(|header| header.machine.clone()),
        started_at: report.epochs.iter().map(|epoch| utc(epoch.at)).collect(),
        took_ms: ms(report.elapsed()),
        totals: totals(&report.stats.totals()),
        stopped: report.stats.cancelled.iter().map(|reason| words::cancelled(reason, &report.stats)).collect(),
        steps: report.told().map(|(index, stats)| step(report, index, stats)).collect(),
        failures: failures(report, context).into_iter().map(group).collect(),
        open: report
            .open()
            .into_iter()
            .map(|(what, hosts)| Open { what: what.to_owned(), hosts: owned(&hosts) })
            .collect(),
        warnings: report
            .warnings
            .iter()
            .map(|note| Warning { at_ms: ms(note.at), message: note.text.clone() })
            .collect(),
    }
}

fn step(report: &Report, index: usize, stats: &StepStats) -> Step {
    let went = report.step(&stats.planned.step);
    let asked = |question: &crate::Question| {
        let answer = question.answer.as_ref();
        Question {
            text: question.question.clone(),
            asked_ms: ms(question.asked),
            who: answer.map(|answer| answer.who.clone()),
            proceed: answer.map(|answer| answer.proceed),
            note: answer.map(|answer| answer.note.clone()),
            waited_ms: answer.map(|answer| ms(answer.waited)),
        }
    };
    let wave = |wave: &crate::Wave| Wave { number: wave.number, hosts: wave.hosts, started_ms: ms(wave.started) };
    let mut hosts = Vec::new();
    for (name, result) in report.ended(&stats.planned.step) {
        let host = host(name.as_str(), words::state(&result.state), went.and_then(|went| went.hosts.get(name)));
        let message = Some(result.outcome.message.clone());
        hosts.push(Host { value: Some(result.outcome.value), message, took_ms: Some(ms(result.took)), ..host });
    }
    let running = stats.running.keys();
    hosts.extend(running.map(|name| host(name.as_str(), "running", went.and_then(|went| went.hosts.get(name)))));
    Step {
        number: index + 1,
        id: stats.planned.step.to_string(),
        name: stats.planned.name.clone(),
        owner: stats.planned.owner.clone(),
        tasks: stats.planned.tasks.iter().map(ToString::to_string).collect(),
        started_ms: stats.started.map(ms),
        took_ms: stats.took.map(ms),
        waited_ms: ms(stats.waited),
        expect_ms: stats.planned.expect_ms,
        forecast_ms: stats.planned.forecast_ms,
        totals: totals(&stats.totals),
        waves: went.map(|went| went.waves.iter().map(wave).collect()).unwrap_or_default(),
        questions: went.map(|went| went.questions.iter().map(asked).collect()).unwrap_or_default(),
        hosts,
    }
}

fn host(name: &str, state: &'static str, went: Option<&HostReport>) -> Host {
    let attempts = went.map(|went| went.attempts.as_slice()).unwrap_or_default();
    Host {
        name: name.to_owned(),
        state,
        value: None,
        message: None,
        started_ms: went.and_then(|went| went.spans.last()).map(|span| ms(span.start)),
        took_ms: None,
        wave: went.map(|went| went.wave).filter(|&wave| wave > 0),
        attempts: attempts
            .iter()
            .map(|attempt| Attempt {
                link: attempt.link,
                number: attempt.attempt,
                started_ms: ms(attempt.span.start),
                took_ms: attempt.span.end.map(|end| ms(end.saturating_sub(attempt.span.start))),
                state: attempt.state.as_ref().map(|state: &State| words::state(state)),
            })
            .collect(),
    }
}

fn totals(totals: &StepTotals) -> Totals {
    let StepTotals { changed, unchanged, failed, unreachable, lost, skipped, cancelled } = *totals;
    Totals { changed, unchanged, failed, unreachable, lost, skipped, cancelled }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
