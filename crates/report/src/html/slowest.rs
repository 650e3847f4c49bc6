use std::cmp::Reverse;
use std::time::Duration;

use maud::{Markup, html};
use runsheet_events::words;
use runsheet_model::{State, format_duration, shortened};

use super::axis::Axis;
use super::bars::bar;
use crate::Report;

/// How many hosts are named.
const NAMED: usize = 10;

/// From how many hosts on a median says something.
const ENOUGH: usize = 3;

/// A host that took longer than the others of its step.
struct Slow<'a> {
    host: &'a str,
    step: usize,
    took: Duration,
    median: Duration,
}

/// The hosts that took longest beyond what their step takes on the others.
pub(super) fn slowest(report: &Report) -> Markup {
    let slow = slow(report);
    let Some(longest) = slow.iter().map(|slow| slow.took).max() else { return html! {} };
    let axis = Axis::new(Duration::ZERO, longest);
    html! {
        section aria-labelledby="slowest" {
            h2 #slowest { "Slowest hosts" }
            table.chart.slowest {
                caption.hidden { "Hosts that took longer than the others of their step" }
                thead { tr {
                    th.what scope="col" { "Host" }
                    th.track scope="col" { "Against the median of its step" }
                    th.number scope="col" { "Took" }
                    th.result scope="col" { "Step" }
                } }
                tbody {
                    @for slow in &slow {
                        tr {
                            th.what scope="row" { span.name { (shortened(slow.host, 260)) } }
                            td.track {
                                svg width="100%" height="20" aria-hidden="true" {
                                    (bar(&axis, Duration::ZERO, slow.took, "slow", 3, 14))
                                    (bar(&axis, Duration::ZERO, slow.median, "typical", 3, 14))
                                }
                            }
                            td.number {
                                strong { (format_duration(slow.took)) }
                                small { "median " (format_duration(slow.median)) (times(slow)) }
                            }
                            td.result { (slow.step + 1) ". " (name(report, slow.step)) }
                        }
                    }
                }
            }
        }
    }
}

fn times(slow: &Slow<'_>) -> String {
    if slow.median.is_zero() {
        return String::new();
    }
    format!(", {:.1}×", slow.took.as_secs_f64() / slow.median.as_secs_f64())
}

fn name(report: &Report, step: usize) -> String {
    report.stats.steps.get(step).map(|step| words::title(&step.planned)).unwrap_or_default()
}

fn slow(report: &Report) -> Vec<Slow<'_>> {
    let mut found = Vec::new();
    for (index, step) in report.told() {
        let ended = report.ended(&step.planned.step);
        let worked = ended.filter(|(_, result)| !matches!(result.state, State::Skipped | State::Cancelled));
        let mut hosts: Vec<_> = worked.map(|(host, result)| (result.took, host.as_str())).collect();
        if hosts.len() < ENOUGH {
            continue;
        }
        hosts.sort_unstable();
        let median = hosts[hosts.len() / 2].0;
        let beyond = hosts.iter().rev().take(NAMED).filter(|(took, _)| *took > median);
        found.extend(beyond.map(|&(took, host)| Slow { host, step: index, took, median }));
    }
    found.sort_by_key(|slow| Reverse(slow.took.saturating_sub(slow.median)));
    found.truncate(NAMED);
    found
}
