use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use maud::{Markup, html};
use runsheet_events::{HostResult, StepStats, words};
use runsheet_model::{HostName, State, TaskName, format_duration, shortened};

use super::axis::{Axis, percent};
use super::bars::{activity, area, bar, look, strokes};
use super::style::Style;
use super::timeline::{result, times};
use super::{counted, grouped, short};
use crate::step_report::{HostReport, StepReport};
use crate::{Context, Report};

/// How many steps are shown host by host.
const PANELS: usize = 60;

/// How many hosts a step may have for all of them to be shown.
const ALL: usize = 40;

/// How many hosts of a larger step are shown: those that failed first, and the slowest.
const FAILED: usize = 25;
const SLOWEST: usize = 10;

/// How many rows of hosts open panels may have together.
const OPEN_ROWS: usize = 80;

/// From how many hosts on their spread says something.
const SPREAD: usize = 5;

/// The longest list of hosts, in characters.
const HOSTS: usize = 6_000;

/// The steps that are shown host by host: those with failures, then those that took longest.
pub(super) struct Panels {
    shown: BTreeSet<usize>,
    open: BTreeSet<usize>,
}

impl Panels {
    pub(super) fn choose(report: &Report) -> Self {
        let mut steps: Vec<(usize, &StepStats)> =
            report.told().filter(|(_, step)| step.totals.all() > 0 || !step.running.is_empty()).collect();
        steps.sort_by_key(|(index, step)| (Reverse(step.totals.bad() > 0), Reverse(step.took), *index));
        steps.truncate(PANELS);
        let mut rows = 0;
        let mut open = BTreeSet::new();
        for (index, step) in &steps {
            rows += step.totals.all().min(FAILED + SLOWEST);
            if rows <= OPEN_ROWS {
                open.insert(*index);
            }
        }
        Self { shown: steps.into_iter().map(|(index, _)| index).collect(), open }
    }

    /// Whether a step is shown host by host.
    pub(super) fn has(&self, index: usize) -> bool {
        self.shown.contains(&index)
    }

    pub(super) fn show(&self, report: &Report, context: &Context<'_>, style: &mut Style) -> Markup {
        let steps: Vec<_> = report.told().filter(|(index, _)| self.has(*index)).collect();
        let others = report.told().filter(|(_, step)| step.totals.all() > 0).count().saturating_sub(steps.len());
        html! {
            @if !steps.is_empty() {
                section aria-labelledby="hosts" {
                    h2 #hosts { "Hosts" }
                    @for (index, step) in steps {
                        (self.panel(report, context, index, step, style))
                    }
                    @if others > 0 {
                        p.note { "The hosts of " (counted(others, "more step")) ", all without failures, are in the run's record." }
                    }
                }
            }
        }
    }

    fn panel(
        &self,
        report: &Report,
        context: &Context<'_>,
        index: usize,
        step: &StepStats,
        style: &mut Style,
    ) -> Markup {
        let now = report.elapsed();
        let empty = StepReport::default();
        let went = report.step(&step.planned.step).unwrap_or(&empty);
        let (start, end) = went.extent(now).unwrap_or_default();
        let axis = Axis::new(start, end);
        let rows = rows(report, step, went);
        let grid = style.grid(axis.distance());
        html! {
            details.panel id=(format!("step-{}", index + 1)) open[self.open.contains(&index)] {
                summary {
                    span.place { (index + 1) }
                    strong { (words::title(&step.planned)) }
                    span.sum { (result(step)) }
                    span.sum { (times(step, now)) }
                }
                (facts(step, went, start, end, now))
                (spread(report, step))
                table class=(format!("chart hosts {grid}")) {
                    caption.hidden { "Hosts of this step with their times" }
                    thead { tr {
                        th.what scope="col" { "Host" }
                        th.track scope="col" { span.hidden { "Time since the step's start" } (axis.labels()) }
                        th.number scope="col" { "Took" }
                        th.result scope="col" { "Result" }
                    } }
                    tbody {
                        @for (host, outcome) in &rows.shown {
                            (row(host, *outcome, went.hosts.get(*host), &axis, went, now))
                        }
                    }
                }
                (rest(step, &rows, context))
            }
        }
    }
}

/// Which hosts of a step are shown by name, and which are not.
struct Rows<'a> {
    shown: Vec<(&'a HostName, Option<&'a HostResult>)>,
    left_out: Vec<(&'a HostName, &'a HostResult)>,
}

fn rows<'a>(report: &'a Report, step: &'a StepStats, went: &'a StepReport) -> Rows<'a> {
    let now = report.elapsed();
    let ended = report.ended(&step.planned.step).map(|(host, result)| (host, Some(result)));
    let mut all: Vec<_> = ended.chain(step.running.keys().map(|host| (host, None))).collect();
    let started =
        |host: &HostName| went.hosts.get(host).and_then(|host| host.extent(now)).map_or(Duration::MAX, |it| it.0);
    if all.len() <= ALL {
        all.sort_by_key(|(host, _)| (started(host), *host));
        return Rows { shown: all, left_out: Vec::new() };
    }
    let is_bad = |result: Option<&HostResult>| {
        result.is_some_and(|result| !result.state.is_good() && result.state != State::Cancelled)
    };
    let took = |host: &HostName, result: Option<&HostResult>| {
        result.map_or_else(|| now.saturating_sub(started(host)), |result| result.took)
    };
    all.sort_by_key(|(host, result)| (Reverse(is_bad(*result)), Reverse(took(host, *result)), *host));
    let bad = all.iter().take_while(|(_, result)| is_bad(*result)).count();
    let mut rest = all.split_off(bad);
    let mut left_out = all.split_off(bad.min(FAILED));
    left_out.extend(rest.split_off(rest.len().min(SLOWEST)));
    all.append(&mut rest);
    let left_out = left_out.into_iter().filter_map(|(host, result)| Some((host, result?))).collect();
    Rows { shown: all, left_out }
}

fn facts(step: &StepStats, went: &StepReport, start: Duration, end: Duration, now: Duration) -> Markup {
    let spans: Vec<_> =
        went.hosts.values().flat_map(|host| &host.spans).map(|span| (span.start, span.end_or(now))).collect();
    let (path, at_once) = activity(&spans, start, end);
    let axis = Axis::new(start, end);
    let retries: usize = went.hosts.values().map(|host| host.retries).sum();
    let waves = went.waves.first().map_or(1, |wave| wave.of);
    html! {
        p.facts {
            (tasks(&step.planned.tasks))
            @if let Some(owner) = &step.planned.owner { " · owner " (short(owner)) }
            " · began after " (format_duration(start))
            @if waves > 1 { " · " (went.waves.len()) " of " (counted(waves, "wave")) " begun" }
            " · at most " (counted(at_once, "host")) " at once"
            @if retries > 0 { " · retried " (counted(retries, "time")) }
        }
        @if went.hosts.len() > ALL {
            div.crowd {
                p.label { "Hosts at work" }
                svg.activity width="100%" height="44" role="img" aria-label=(format!("At most {} at once", counted(at_once, "host"))) {
                    (area(&axis, start, end, &path, "area good", 0, 44))
                    (strokes(&axis, went.waves.iter().skip(1).map(|wave| wave.started), "wave", 0, 44))
                }
            }
        }
    }
}

/// What a step does, in words.
fn tasks(tasks: &[TaskName]) -> String {
    match tasks {
        [] => "by hand".to_owned(),
        names => short(&names.iter().map(TaskName::as_str).collect::<Vec<_>>().join(", ")),
    }
}

/// How the times of many hosts are spread.
fn spread(report: &Report, step: &StepStats) -> Markup {
    let well = report.ended(&step.planned.step).filter(|(_, result)| matches!(result.state, State::Ok { .. }));
    let mut times: Vec<Duration> = well.map(|(_, result)| result.took).collect();
    times.sort_unstable();
    let (Some(&shortest), Some(&longest)) = (times.first(), times.last()) else { return html! {} };
    if times.len() < SPREAD {
        return html! {};
    }
    let share = |tenths: usize| times[(times.len() - 1) * tenths / 10];
    let axis = Axis::new(Duration::ZERO, longest);
    let words = format!(
        "fastest {}, median {}, nine of ten within {}, slowest {}",
        format_duration(shortest),
        format_duration(share(5)),
        format_duration(share(9)),
        format_duration(longest)
    );
    html! {
        div.spread {
            p.label { "How long a host took: " (words) }
            svg width="100%" height="18" aria-hidden="true" {
                (bar(&axis, shortest, longest, "range", 8, 2))
                (bar(&axis, share(1), share(9), "band", 3, 12))
                rect.median x=(percent(axis.place(share(5)).min(99.6))) y="1" width="3" height="16" {}
            }
        }
    }
}

fn row(
    host: &HostName,
    result: Option<&HostResult>,
    went: Option<&HostReport>,
    axis: &Axis,
    step: &StepReport,
    now: Duration,
) -> Markup {
    let state = result.map(|result| &result.state);
    html! {
        tr {
            th.what scope="row" { span.name { (shortened(host.as_str(), 260)) } }
            td.track {
                svg width="100%" height="20" aria-hidden="true" {
                    @if let Some(went) = went { (host_bars(went, state, axis, now)) }
                    (strokes(axis, step.waves.iter().skip(1).map(|wave| wave.started), "wave", 0, 20))
                }
            }
            td.number {
                @match (result, went.and_then(|went| went.extent(now))) {
                    (Some(result), _) => (format_duration(result.took)),
                    (None, Some((start, _))) => { (format_duration(now.saturating_sub(start))) " so far" },
                    (None, None) => "–",
                }
            }
            td.result {
                span class=(look(state)) { (state.map_or("not over", words::state)) }
                @if let Some(went) = went {
                    @if went.retries > 0 { ", " (counted(went.tries, "attempt")) }
                }
                @if let Some(reason) = result.filter(|result| !result.state.is_good()).map(words::reason) {
                    small { (reason) }
                }
            }
        }
    }
}

/// The time of a host: a thin line from its start to its end, and on it each attempt.
fn host_bars(went: &HostReport, state: Option<&State>, axis: &Axis, now: Duration) -> Markup {
    html! {
        @for span in &went.spans {
            @if went.attempts.is_empty() {
                (bar(axis, span.start, span.end_or(now), look(state), 3, 14))
            } @else {
                (bar(axis, span.start, span.end_or(now), "thread", 9, 2))
            }
        }
        @for attempt in &went.attempts {
            (bar(axis, attempt.span.start, attempt.span.end_or(now), look(attempt.state.as_ref().or(state)), 3, 14))
        }
    }
}

/// The hosts that are not shown by name, folded by how they ended.
fn rest(step: &StepStats, rows: &Rows<'_>, context: &Context<'_>) -> Markup {
    if rows.left_out.is_empty() {
        return html! {};
    }
    let mut by_state: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for (host, result) in &rows.left_out {
        let word = words::state(&result.state);
        match by_state.iter_mut().find(|(known, _)| *known == word) {
            Some((_, hosts)) => hosts.push(host.as_str()),
            None => by_state.push((word, vec![host.as_str()])),
        }
    }
    let times = rows
        .left_out
        .iter()
        .filter(|(_, result)| matches!(result.state, State::Ok { .. }))
        .map(|(_, result)| result.took);
    let (shortest, longest) = (times.clone().min(), times.max());
    html! {
        details.rest {
            summary {
                (counted(rows.left_out.len(), "more host"))
                @if step.totals.bad() > FAILED { " (" (counted(step.totals.bad() - FAILED, "failure")) " among them)" }
                @if let (Some(shortest), Some(longest)) = (shortest, longest) {
                    ": took " (format_duration(shortest)) " to " (format_duration(longest))
                }
            }
            @for (word, hosts) in &mut by_state {
                @let hosts = { hosts.sort_unstable(); &*hosts };
                p.hosts { strong { (word) } " " (context.folded(hosts, HOSTS)) " (" (grouped(hosts.len())) ")" }
            }
        }
    }
}
