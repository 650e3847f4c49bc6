use std::time::Duration;

use maud::{Markup, html};
use runsheet_events::{StepStats, words};
use runsheet_model::{State, format_chosen_duration, format_duration};

use super::axis::Axis;
use super::bars::{activity, area, bar, strokes};
use super::head::difference;
use super::panel::Panels;
use super::short;
use super::style::Style;
use crate::step_report::StepReport;
use crate::{Context, Report};

/// By how much a planned time may stretch the chart beyond what happened.
const STRETCH: f64 = 1.5;

/// Steps against time: a bar each, in it how many hosts were at work, and under it what was planned and forecast.
pub(super) fn timeline(report: &Report, context: &Context<'_>, panels: &Panels, style: &mut Style) -> Markup {
    let axis = axis(report);
    let grid = style.grid(axis.distance());
    let resumed: Vec<Duration> = report.epochs.iter().skip(1).map(|epoch| epoch.start).collect();
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            (legend(!resumed.is_empty()))
            table class=(format!("chart steps {grid}")) {
                caption.hidden { "The steps with their times; the bars show the same as the columns beside them" }
                thead { tr {
                    th.what scope="col" { "Step" }
                    th.track scope="col" { span.hidden { "Time since the start" } (axis.labels()) }
                    th.number scope="col" { "Took" }
                    th.result scope="col" { "Hosts" }
                } }
                tbody {
                    @for (index, step) in report.told() {
                        (row(report, index, step, &axis, panels, &resumed))
                    }
                }
            }
            @if let (Some(first), Some(last)) = (report.epochs.first(), report.last) {
                p.note { "From " (context.local(first.at)) " to " (context.local(last)) "." }
            }
        }
    }
}

/// From the start to the end of all that is drawn.
fn axis(report: &Report) -> Axis {
    let now = report.elapsed();
    let planned = report.told().filter_map(|(_, step)| {
        let start = report.step(&step.planned.step)?.extent(now)?.0;
        let ms = step.planned.expect_ms.max(step.planned.forecast_ms)?;
        Some(start + Duration::from_millis(ms))
    });
    let end = planned.max().unwrap_or_default().min(now.mul_f64(STRETCH)).max(now);
    Axis::new(Duration::ZERO, end)
}

fn legend(resumed: bool) -> Markup {
    let sample = |class: &str| html! { svg width="22" height="12" aria-hidden="true" { rect class=(class) y="1" width="22" height="10" rx="2" {} } };
    html! {
        ul.legend {
            li {
                svg width="22" height="12" aria-hidden="true" {
                    rect class="extent good" y="1" width="22" height="10" rx="2" {}
                    path class="area good" d="M1 11V3h6v3h6v2h5v3z" {}
                }
                "under way, in it how many hosts are at work" }
            li { (sample("extent hurt")) "with failures" }
            li {
                svg width="22" height="12" aria-hidden="true" { path.fail d="M6 1v10M15 1v10" {} }
                "a host fails"
            }
            li { (sample("waits")) "waits for a person" }
            li {
                svg width="22" height="12" aria-hidden="true" { path.wave d="M11 0v12" {} }
                "a wave begins"
            }
            li { svg width="22" height="12" aria-hidden="true" { rect.planned y="4" width="22" height="4" {} } "planned" }
            li { svg width="22" height="12" aria-hidden="true" { rect.forecast y="4" width="22" height="4" {} } "forecast" }
            @if resumed {
                li {
                    svg width="22" height="12" aria-hidden="true" { path.resumed d="M11 0v12" {} }
                    "resumed; what lay between is not drawn"
                }
            }
        }
    }
}

fn row(report: &Report, index: usize, step: &StepStats, axis: &Axis, panels: &Panels, resumed: &[Duration]) -> Markup {
    let name = words::title(&step.planned);
    html! {
        tr {
            th.what scope="row" {
                span.place { (index + 1) }
                span.name {
                    @if panels.has(index) { a href=(format!("#step-{}", index + 1)) { (name) } } @else { (name) }
                    @if let Some(owner) = &step.planned.owner { small { (short(owner)) } }
                }
            }
            td.track { (track(report, step, axis, resumed)) }
            td.number { (times(step, report.elapsed())) }
            td.result { (result(step)) }
        }
    }
}

fn track(report: &Report, step: &StepStats, axis: &Axis, resumed: &[Duration]) -> Markup {
    let now = report.elapsed();
    let went = report.step(&step.planned.step);
    html! {
        svg width="100%" height="40" aria-hidden="true" {
            @if let Some(went) = went {
                @if let Some((start, _)) = went.extent(now) {
                    @if let Some(ms) = step.planned.expect_ms {
                        (bar(axis, start, start + Duration::from_millis(ms), "planned", 29, 4))
                    }
                    @if let Some(ms) = step.planned.forecast_ms {
                        (bar(axis, start, start + Duration::from_millis(ms), "forecast", 34, 4))
                    }
                }
                (work(step, went, axis, now))
            }
            (strokes(axis, resumed.iter().copied(), "resumed", 0, 40))
        }
    }
}

/// What happened: the time of the step, the hosts at work in it, waiting, waves and failures.
fn work(step: &StepStats, went: &StepReport, axis: &Axis, now: Duration) -> Markup {
    let hurt = step.totals.bad() > 0 || step.not_made;
    let all: Vec<(Duration, Duration)> =
        went.hosts.values().flat_map(|host| &host.spans).map(|span| (span.start, span.end_or(now))).collect();
    let failed = step.troubled.iter().filter(|(_, host)| host.result.state != State::Cancelled);
    let failed = failed.filter_map(|(host, _)| Some(went.hosts.get(host)?.extent(now)?.1));
    html! {
        @for span in &went.spans {
            @let end = span.end_or(now);
            (bar(axis, span.start, end, if hurt { "extent hurt" } else { "extent good" }, 4, 22))
            @if !all.is_empty() {
                @let (path, _) = activity(&all, span.start, end);
                (area(axis, span.start, end, &path, if hurt { "area hurt" } else { "area good" }, 6, 18))
            }
        }
        @for question in &went.questions {
            @let until = question.answer.as_ref().map_or(now, |answer| answer.at);
            @if until > question.asked { (bar(axis, question.asked, until, "waits", 4, 22)) }
        }
        (strokes(axis, went.waves.iter().skip(1).map(|wave| wave.started), "wave", 2, 26))
        (strokes(axis, failed, "fail", 4, 22))
    }
}

/// How long it took, and how long it was to take.
pub(super) fn times(step: &StepStats, now: Duration) -> Markup {
    let planned = step.planned.expect_ms.map(Duration::from_millis);
    let forecast = step.planned.forecast_ms.map(Duration::from_millis);
    let took = step.took.or_else(|| step.started.map(|started| now.saturating_sub(started)));
    html! {
        @match (step.took, took) {
            (Some(took), _) => strong { (format_duration(took)) },
            (None, Some(so_far)) => { (format_duration(so_far)) " so far" },
            (None, None) => "–",
        }
        @if let Some(planned) = planned {
            small { "planned " (format_chosen_duration(planned)) (off(step, planned)) }
        }
        @if let Some(forecast) = forecast {
            small { "forecast " (format_chosen_duration(forecast)) (off(step, forecast)) }
        }
    }
}

fn off(step: &StepStats, before: Duration) -> Markup {
    html! {
        @if let Some(took) = step.took {
            " "
            span class=(if took > before { "late" } else { "early" }) { (difference(took, before)) }
        }
    }
}

/// How the hosts of a step ended.
pub(super) fn result(step: &StepStats) -> Markup {
    let totals = &step.totals;
    html! {
        @if step.started.is_none() && totals.all() == 0 {
            span.idle { "not begun" }
        } @else if step.planned.tasks.is_empty() {
            @if step.took.is_some() { "by hand, over" } @else { "by hand, not over" }
        } @else {
            span class=(if totals.bad() > 0 { "bad" } else { "fine" }) { (words::totals(totals)) }
            @if step.took.is_none() {
                small { (step.running.len()) " not over" }
            }
        }
        @if step.not_made { small.bad { "file not made" } }
        @if !step.waited.is_zero() { small { "waited " (format_duration(step.waited)) " for a person" } }
    }
}
