use std::io::{self, Write};
use std::time::Duration;

use runsheet_events::{StepStats, words};
use runsheet_model::{format_chosen_duration, format_duration, plural, shortened};

use crate::command_line::command_line;
use crate::{Context, Failure, Report, Verdict, failures};

/// How many steps, failures, answers and warnings are told; a ticket has a size.
const STEPS: usize = 100;
const FAILURES: usize = 10;
const OTHERS: usize = 20;

/// The longest list of hosts, in characters.
const HOSTS: usize = 400;

/// How many lines of an output are shown.
const LINES: usize = 15;

/// Writes a run for a ticket or a chat: GitHub's Markdown, which GitLab, Jira's and Slack's importers read as well.
///
/// Whatever a host said stands in code, where nothing is a link, a picture or a mention.
pub fn markdown(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    head(report, context, out)?;
    steps(report, out)?;
    let failures = failures(report, context);
    if !failures.is_empty() {
        writeln!(out, "\n## What did not go well\n")?;
    }
    for failure in failures.iter().take(FAILURES) {
        failed(report, context, failure, out)?;
    }
    if failures.len() > FAILURES {
        writeln!(out, "- and in {} more ways", failures.len() - FAILURES)?;
    }
    attention(report, context, out)?;
    people(report, context, out)?;
    if let Some(header) = &report.stats.header {
        writeln!(out, "\nrun {}, plan {}", code(&header.run.to_string()), code(&header.plan_hash))?;
        writeln!(out, "\n{}", code(&command_line(header)))?;
    }
    out.flush()
}

fn head(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let verdict = Verdict::of(&report.stats);
    let sheet = report.stats.header.as_ref().map_or("", |header| &header.sheet);
    writeln!(out, "# {}: {}\n", text(sheet), verdict.word())?;
    write!(out, "**{}** in {}", words::totals(&report.stats.totals()), format_duration(report.elapsed()))?;
    if let (Some(header), Some(first)) = (&report.stats.header, report.epochs.first()) {
        write!(out, ", started {} by {} on {}", context.local(first.at), code(&header.user), code(&header.machine))?;
    }
    writeln!(out, "\n")
}

fn steps(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let told: Vec<_> = report.told().collect();
    writeln!(out, "| | step | result | planned | forecast | took |\n|--:|---|---|--:|--:|--:|")?;
    for (index, step) in told.iter().take(STEPS) {
        let time =
            |ms: Option<u64>| ms.map_or_else(String::new, |ms| format_chosen_duration(Duration::from_millis(ms)));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            index + 1,
            text(&words::title(&step.planned)),
            result(step),
            time(step.planned.expect_ms),
            time(step.planned.forecast_ms),
            step.took.map(format_duration).unwrap_or_default()
        )?;
    }
    if told.len() > STEPS {
        writeln!(out, "\n{} more", plural(told.len() - STEPS, "step"))?;
    }
    Ok(())
}

fn result(step: &StepStats) -> String {
    let mut result = match (step.started, step.took) {
        (None, _) if step.totals.all() == 0 => "not begun".to_owned(),
        (_, Some(_)) if step.planned.tasks.is_empty() => "over".to_owned(),
        (_, None) if step.planned.tasks.is_empty() => "not over".to_owned(),
        (_, took) => words::totals(&step.totals) + if took.is_none() { ", not over" } else { "" },
    };
    if !step.waited.is_zero() {
        result.push_str(&format!(", waited {} for a person", format_duration(step.waited)));
    }
    if step.totals.bad() > 0 { format!("**{result}**") } else { result }
}

fn failed(report: &Report, context: &Context<'_>, failure: &Failure<'_>, out: &mut dyn Write) -> io::Result<()> {
    let group = &failure.group;
    let step = report.stats.steps.get(group.step).map(|step| words::title(&step.planned)).unwrap_or_default();
    let hosts = code(&context.folded(&group.hosts, HOSTS));
    write!(out, "- **{}** in {}: {hosts}", group.trouble.word(), text(&step))?;
    if group.hosts.len() > 1 {
        write!(out, " ({})", group.hosts.len())?;
    }
    writeln!(out)?;
    if !group.line.is_empty() {
        writeln!(out, "  {}", code(&group.line))?;
    }
    if let Some(variant) = failure.variants.first().filter(|variant| !variant.output.is_empty()) {
        let lines: Vec<&str> = variant.output.lines().collect();
        let fence = "`".repeat((longest_run(&variant.output) + 1).max(3));
        writeln!(out, "\n  {fence}text")?;
        for line in &lines[lines.len().saturating_sub(LINES)..] {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "  {fence}")?;
    }
    for hint in group.hints.iter().take(3) {
        writeln!(out, "  hint: {}", code(hint))?;
    }
    Ok(())
}

fn attention(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let stats = &report.stats;
    if stats.cancelled.is_empty() && stats.debts.is_empty() && report.warnings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## To look at\n")?;
    for reason in stats.cancelled.iter().take(OTHERS) {
        writeln!(out, "- stopped: {}", code(&words::cancelled(reason, stats)))?;
    }
    for (debt, hosts) in report.open().iter().take(OTHERS) {
        writeln!(out, "- still open: {} on {}", code(debt), code(&context.folded(hosts, HOSTS)))?;
    }
    for warning in report.warnings.iter().take(OTHERS) {
        writeln!(out, "- after {}: {}", format_duration(warning.at), code(&warning.text))?;
    }
    let more = (report.warnings.len() + report.warnings_left_out).saturating_sub(OTHERS);
    if more > 0 {
        writeln!(out, "- and {}", plural(more, "more warning"))?;
    }
    Ok(())
}

fn people(report: &Report, context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let asked = report.asked();
    if asked.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Who approved what\n")?;
    for (index, _, question) in asked.iter().take(OTHERS) {
        let at = report.wall(question.asked).map(|at| context.local(at)).unwrap_or_default();
        write!(out, "- {at}, step {}: {}", index + 1, code(&question.question))?;
        match &question.answer {
            Some(answer) => {
                write!(out, ": {} says {}", code(&answer.who), answer.says)?;
                if !answer.note.trim().is_empty() {
                    write!(out, " ({})", code(&answer.note))?;
                }
                writeln!(out, " after {}", format_duration(answer.waited))?;
            }
            None => writeln!(out, ": no answer yet")?,
        }
    }
    if asked.len() > OTHERS {
        writeln!(out, "- and {}", plural(asked.len() - OTHERS, "more question"))?;
    }
    Ok(())
}

/// What the operator wrote, as text: nothing in it is markup or a mention.
fn text(said: &str) -> String {
    let mut escaped = String::new();
    for c in shortened(said, 200).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            // A word joiner: people are not called because a step has their name.
            '@' | '#' => escaped.extend([c, '\u{2060}']),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '>' => {
                escaped.extend(['\\', c]);
            }
            c => escaped.push(c),
        }
    }
    // What looks like an address would become a link.
    escaped.replace("://", ":\u{2060}//").replace("www.", "www\u{2060}.")
}

/// Anything as code of one line, also in a table.
fn code(said: &str) -> String {
    let said = shortened(said, 600).replace('|', "¦");
    if said.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&said) + 1);
    let pad = if said.starts_with('`') || said.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{said}{pad}{fence}")
}

/// How many backticks stand in a row at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
