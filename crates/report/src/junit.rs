use std::io::{self, Write};
use std::time::Duration;

use runsheet_events::{HostResult, OutputKey, StepStats, words};
use runsheet_model::{HostName, State, visible};

use crate::context::utc;
use crate::{Context, Report};

/// How much of the output of a host that did not end well is told, in bytes.
const OUTPUT: usize = 16 << 10;

/// The output of how many hosts is told.
const OUTPUTS: usize = 1_000;

/// Writes a run as JUnit's XML, as Jenkins and GitLab read it: a suite for each step, a case for each host.
///
/// A host that failed is a failure, one that was not reached or is lost an error, one that was skipped or never begun skipped. A manual
/// step is a case of its own.
pub fn junit(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let totals = report.stats.totals();
    let sheet = report.stats.header.as_ref().map_or("", |header| &header.sheet);
    let manual = report.told().filter(|(_, step)| step.planned.tasks.is_empty()).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        xml(sheet),
        totals.all() + manual,
        totals.failed,
        totals.unreachable + totals.lost,
        seconds(report.elapsed())
    )?;
    let mut outputs = OUTPUTS;
    for (index, step) in report.told() {
        suite(report, context, index, step, &mut outputs, out)?;
    }
    writeln!(out, "</testsuites>")?;
    out.flush()
}

fn suite(
    report: &Report,
    context: &Context<'_>,
    index: usize,
    step: &StepStats,
    outputs: &mut usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let totals = &step.totals;
    let manual = step.planned.tasks.is_empty();
    let not_over = manual && step.took.is_none();
    let name = format!("{}. {}", index + 1, words::title(&step.planned));
    write!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"",
        xml(&name),
        totals.all() + usize::from(manual),
        totals.failed,
        totals.unreachable + totals.lost,
        totals.skipped + totals.cancelled + usize::from(not_over),
        seconds(step.took.unwrap_or_default())
    )?;
    if let Some(at) = step.started.and_then(|at| report.wall(at)).map(utc) {
        // Without a zone and fractions, as Ant wrote it; it is UTC.
        write!(out, " timestamp=\"{}\"", at.get(..19).unwrap_or_default())?;
    }
    writeln!(out, ">")?;
    let class = xml(&step.planned.step.to_string());
    if manual {
        write!(out, "    <testcase classname=\"{class}\" name=\"by hand\" time=\"{}\"", seconds(step.waited))?;
        out.write_all(if not_over { b"><skipped message=\"not over\"/></testcase>\n" } else { b"/>\n" })?;
    }
    for (host, result) in report.ended(&step.planned.step) {
        case(context, &class, step, host, result, outputs, out)?;
    }
    writeln!(out, "  </testsuite>")
}

fn case(
    context: &Context<'_>,
    class: &str,
    step: &StepStats,
    host: &HostName,
    result: &HostResult,
    outputs: &mut usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let time = seconds(result.took);
    write!(out, "    <testcase classname=\"{class}\" name=\"{}\" time=\"{time}\"", xml(host.as_str()))?;
    let element = match &result.state {
        State::Ok { .. } => return writeln!(out, "/>"),
        State::Skipped | State::Cancelled => {
            return writeln!(out, "><skipped message=\"{}\"/></testcase>", words::state(&result.state));
        }
        State::Failed { .. } => "failure",
        State::Unreachable(_) | State::Lost { .. } => "error",
    };
    let (kind, line) = (words::state(&result.state), xml(&words::reason(result)));
    let message = xml(&result.outcome.message);
    write!(out, ">\n      <{element} type=\"{kind}\" message=\"{line}\">{message}</{element}>")?;
    let ran = !matches!(result.state, State::Unreachable(_)) && *outputs > 0;
    let key = OutputKey { step: step.planned.step.clone(), host: host.clone() };
    if let Some(tail) = ran.then(|| context.outputs.tail(&key, OUTPUT)).flatten() {
        *outputs -= 1;
        let cut = if tail.cut { "…\n" } else { "" };
        write!(out, "\n      <system-out>{cut}{}</system-out>", xml(&tail.text()))?;
    }
    writeln!(out, "\n    </testcase>")
}

/// Seconds with three digits behind the point, as JUnit has them.
fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Any text for an attribute or an element of XML 1.0: control characters, which cannot stand there even escaped, become visible.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text.as_bytes()).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
