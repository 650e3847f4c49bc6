use std::collections::BTreeSet;
use std::time::Duration;

use maud::{Markup, html};
use runsheet_events::StepStats;
use runsheet_model::{State, format_duration};

use super::{counted, grouped, short};
use crate::{Context, Report, Verdict};

/// What a manager reads: what ran, how it ended, and how that compares to what was planned.
pub(super) fn head(report: &Report, context: &Context<'_>) -> Markup {
    let verdict = Verdict::of(&report.stats);
    html! {
        header class=(format!("top {}", class(verdict))) {
            p.eyebrow { "Deploy report" }
            h1 {
                @match &report.stats.header {
                    Some(header) => { (short(&header.sheet)) }
                    None => { "Nothing was run" }
                }
                " "
                span.verdict { (verdict.word()) }
            }
            p.when { (when(report, context)) }
            div.tiles {
                (took(report))
                (hosts(report))
                (compared(report, "Against the plan", "planned", |step| step.planned.expect_ms))
                (compared(report, "Against the forecast", "forecast", |step| step.planned.forecast_ms))
                (people(report))
                (retries(report))
            }
        }
    }
}

/// The class that gives a page its colour.
fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "good",
        Verdict::Failed => "bad",
        Verdict::Lost => "lost",
        Verdict::Stopped | Verdict::Unfinished => "warn",
    }
}

fn when(report: &Report, context: &Context<'_>) -> Markup {
    let header = report.stats.header.as_ref();
    html! {
        @if let Some(first) = report.epochs.first() {
            "Started " time { (context.local(first.at)) }
        }
        @if let Some(header) = header {
            " by " strong { (short(&header.user)) } " on " (short(&header.machine)) ", run "
            code { (header.run.short()) }
            @if header.epoch > 1 {
                ", resumed " (counted(header.epoch as usize - 1, "time"))
            }
        }
    }
}

fn tile(title: &str, class: &str, value: &Markup, more: &Markup) -> Markup {
    html! {
        div.tile {
            p.label { (title) }
            p class=(format!("value {class}")) { (value) }
            p.more { (more) }
        }
    }
}

fn took(report: &Report) -> Markup {
    let all = report.stats.forward_steps();
    let over = report.stats.steps.iter().filter(|step| step.planned.undoes.is_none() && step.took.is_some()).count();
    let title = if report.stats.took.is_some() { "Took" } else { "So far" };
    let more = html! { (over) " of " (counted(all, "step")) " over" };
    tile(title, "", &html! { (format_duration(report.elapsed())) }, &more)
}

/// Hosts counted once each, however many steps they had.
fn hosts(report: &Report) -> Markup {
    let mut bad: BTreeSet<&str> = BTreeSet::new();
    let mut good: BTreeSet<&str> = BTreeSet::new();
    for step in &report.stats.steps {
        for (host, result) in report.ended(&step.planned.step) {
            match result.state {
                State::Ok { .. } => good.insert(host.as_str()),
                State::Skipped | State::Cancelled => false,
                State::Failed { .. } | State::Unreachable(_) | State::Lost { .. } => bad.insert(host.as_str()),
            };
        }
    }
    let all = report.stats.header.as_ref().map_or(0, |header| header.hosts);
    let good = good.difference(&bad).count();
    let value = html! { (grouped(good)) small { " of " (grouped(all)) " ok" } };
    let more = html! {
        @if bad.is_empty() { "on none a failure" } @else { (counted(bad.len(), "host")) " in trouble" }
    };
    tile("Hosts", if bad.is_empty() { "" } else { "bad" }, &value, &more)
}

/// The steps that are over and of which a time was known before, against that time.
fn compared(report: &Report, title: &str, word: &str, known: fn(&StepStats) -> Option<u64>) -> Markup {
    let mut before = Duration::ZERO;
    let mut took = Duration::ZERO;
    let mut steps = 0;
    for (step, actual) in report.stats.steps.iter().filter_map(|step| Some((step, step.took?))) {
        if let Some(ms) = known(step) {
            before += Duration::from_millis(ms);
            took += actual;
            steps += 1;
        }
    }
    if steps == 0 {
        return html! {};
    }
    let late = took > before;
    let value = html! { (difference(took, before)) };
    let more =
        html! { (counted(steps, "step")) ": " (word) " " (format_duration(before)) ", took " (format_duration(took)) };
    tile(title, if late { "late" } else { "early" }, &value, &more)
}

/// A time against another: `+1m 03s`; less than one in a hundred is nothing.
pub(super) fn difference(took: Duration, before: Duration) -> String {
    if took.abs_diff(before) * 100 < before {
        "on time".to_owned()
    } else if took > before {
        format!("+{}", format_duration(took.saturating_sub(before)))
    } else {
        format!("−{}", format_duration(before.saturating_sub(took)))
    }
}

fn people(report: &Report) -> Markup {
    let waited: Duration = report.stats.steps.iter().map(|step| step.waited).sum();
    let answers = report.told().filter_map(|(_, step)| report.step(&step.planned.step));
    let answers = answers.flat_map(|step| &step.questions).filter(|question| question.answer.is_some()).count();
    if answers == 0 && waited.is_zero() {
        return html! {};
    }
    tile("Waited for people", "", &html! { (format_duration(waited)) }, &html! { (counted(answers, "answer")) })
}

fn retries(report: &Report) -> Markup {
    let hosts =
        report.told().filter_map(|(_, step)| report.step(&step.planned.step)).flat_map(|step| step.hosts.values());
    let retried: Vec<usize> = hosts.map(|host| host.retries).filter(|&retries| retries > 0).collect();
    if retried.is_empty() {
        return html! {};
    }
    let value = html! { (grouped(retried.iter().sum())) };
    tile("Retries", "", &value, &html! { "in " (counted(retried.len(), "place")) })
}
