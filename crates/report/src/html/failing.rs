use maud::{Markup, html};
use runsheet_events::{Trouble, words};
use runsheet_model::shortened;

use super::{counted, grouped};
use crate::{Context, Failure, Report, Variant};

/// How many groups are told in full; the others are counted.
const TOLD: usize = 40;

/// The longest message, in characters; the whole one is in the run's record.
const MESSAGE: usize = 2_000;

/// The longest list of hosts, in characters.
const HOSTS: usize = 2_000;

/// Hosts that did not end well, folded by what they said and printed.
pub(super) fn failing(report: &Report, context: &Context<'_>, failures: &[Failure<'_>]) -> Markup {
    if failures.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="failures" {
            h2 #failures { "What did not go well" }
            @for (place, failure) in failures.iter().take(TOLD).enumerate() {
                (card(report, context, failure, place < 3))
            }
            @if let Some(rest) = failures.get(TOLD..).filter(|rest| !rest.is_empty()) {
                @let hosts = rest.iter().map(|failure| failure.group.hosts.len()).sum();
                p.note { "And in " (grouped(rest.len())) " more ways on " (counted(hosts, "host")) ", in the run's record." }
            }
        }
    }
}

fn card(report: &Report, context: &Context<'_>, failure: &Failure<'_>, open: bool) -> Markup {
    let group = &failure.group;
    let step = report.stats.steps.get(group.step).map(|step| words::title(&step.planned)).unwrap_or_default();
    let open = open && group.trouble != Trouble::Cancelled;
    html! {
        details class=(format!("card {}", class(group.trouble))) open[open] {
            summary {
                span.pill { (group.trouble.word()) }
                " "
                @let names = context.folded(&group.hosts, HOSTS);
                @let many = group.hosts.len() > 1;
                strong { @if many { (counted(group.hosts.len(), "host")) } @else { (names) } }
                " in " em { (group.step + 1) ". " (step) }
                @if !group.line.is_empty() { span.line { (group.line) } }
                @if many { small.names { (names) } }
            }
            @for variant in &failure.variants {
                (said(context, failure, variant))
            }
            @if failure.others > 0 {
                p.note { (counted(failure.others, "more host")) " with the same first line." }
            }
            @for hint in group.hints.iter().take(5) {
                p.hint { strong { "Hint" } " " (hint) }
            }
        }
    }
}

fn said(context: &Context<'_>, failure: &Failure<'_>, variant: &Variant<'_>) -> Markup {
    let several = failure.variants.len() > 1 || failure.others > 0;
    let whole = variant.message.lines().filter(|line| !line.trim().is_empty()).count() > 1;
    let first = variant.hosts.first().copied().unwrap_or_default();
    html! {
        @if several {
            p.hosts { (context.folded(&variant.hosts, HOSTS)) " (" (grouped(variant.hosts.len())) ")" }
        }
        @if whole { pre tabindex="0" aria-label="Message" { (cut(&variant.message)) } }
        @if !variant.output.is_empty() {
            p.label {
                @if variant.cut { "The end of the output of " } @else { "Output of " }
                (shortened(first, 260))
            }
            pre tabindex="0" aria-label="Output" { (variant.output) }
        }
    }
}

fn class(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Failed => "bad",
        Trouble::Unreachable => "away",
        Trouble::Lost => "lost",
        Trouble::Cancelled => "idle",
    }
}

/// A text of many lines, cut to what a page holds.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
