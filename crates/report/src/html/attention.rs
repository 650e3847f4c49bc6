use std::collections::BTreeSet;

use maud::{Markup, html};
use runsheet_events::words;
use runsheet_model::{HostName, format_duration};

use super::{counted, grouped, short};
use crate::{Context, Report};

/// How many of each kind are listed.
const LISTED: usize = 50;

/// The longest list of hosts, in characters.
const HOSTS: usize = 2_000;

/// What somebody has to look at still: why it was stopped, what is open, what was warned of.
pub(super) fn attention(report: &Report, context: &Context<'_>) -> Markup {
    let stopped: Vec<String> =
        report.stats.cancelled.iter().take(LISTED).map(|reason| words::cancelled(reason, &report.stats)).collect();
    let open = report.open();
    let quiet = stopped.is_empty() && open.is_empty() && report.warnings.is_empty();
    if quiet && report.leaked.is_empty() && report.learned.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="attention" {
            h2 #attention { "To look at" }
            ul.attention {
                @for reason in &stopped {
                    li.bad { strong { "Stopped" } " " (reason) }
                }
                @for (debt, hosts) in open.iter().take(LISTED) {
                    li.warn {
                        strong { "Still open" } " " (short(debt)) " on " (context.folded(hosts, HOSTS)) " (" (grouped(hosts.len())) ")"
                    }
                }
                @if open.len() > LISTED {
                    li.warn { (counted(open.len() - LISTED, "more thing")) " still open" }
                }
                @for warning in report.warnings.iter().take(LISTED) {
                    li.warn { strong { "After " (format_duration(warning.at)) } " " (short(&warning.text)) }
                }
                @let more = report.warnings.len().saturating_sub(LISTED) + report.warnings_left_out;
                @if more > 0 {
                    li.warn { (counted(more, "more warning")) " in the run's record" }
                }
                (hosts_line(&report.leaked, "A process was left behind", "that held its output open on", context))
                (hosts_line(&report.learned, "Host keys put on record", "of", context))
            }
        }
    }
}

fn hosts_line(hosts: &BTreeSet<HostName>, title: &str, rest: &str, context: &Context<'_>) -> Markup {
    let names: Vec<&str> = hosts.iter().map(HostName::as_str).collect();
    html! {
        @if !names.is_empty() {
            li { strong { (title) } " " (rest) " " (context.folded(&names, HOSTS)) " (" (grouped(names.len())) ")" }
        }
    }
}
