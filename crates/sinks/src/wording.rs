//! Words that several sinks use.

use runsheet_events::{CancelReason, HostResult, StepTotals};
use runsheet_model::{State, plural, shortened};

/// The longest message, in characters.
const LONGEST: usize = 500;

/// A state as one word.
pub(crate) fn state_word(state: &State) -> &'static str {
    match state {
        State::Ok { .. } => "ok",
        State::Failed { .. } => "failed",
        State::Unreachable(_) => "unreachable",
        State::Lost { .. } => "lost",
        State::Skipped => "skipped",
        State::Cancelled => "cancelled",
    }
}

/// What a host has to say about how it ended: one safe line, perhaps an empty one.
pub(crate) fn said(result: &HostResult) -> String {
    let message = shortened(&result.outcome.message, LONGEST);
    match &result.state {
        State::Unreachable(unreachable) if message.is_empty() => shortened(&unreachable.reason, LONGEST),
        State::Lost { reason } if message.is_empty() => reason.says().to_owned(),
        _ => message,
    }
}

/// Hosts by how they ended: `3 ok, 1 failed`.
pub(crate) fn counted(totals: &StepTotals) -> String {
    let counts = [
        (totals.ok(), "ok"),
        (totals.failed, "failed"),
        (totals.unreachable, "unreachable"),
        (totals.lost, "lost"),
        (totals.skipped, "skipped"),
        (totals.cancelled, "cancelled"),
    ];
    let some: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if some.is_empty() { "no hosts".to_owned() } else { some.join(", ") }
}

/// Why nothing new is started.
pub(crate) fn why(reason: &CancelReason) -> String {
    let text = match reason {
        CancelReason::HostsFailed { step } => format!("more hosts failed in {step} than are tolerated"),
        CancelReason::Person { step } => format!("a person said no at {step}"),
        CancelReason::FileNotMade { step, path, reason } => format!("{step} has not made `{path}`: {reason}"),
        CancelReason::Interrupted { times } => format!("interrupted {}", plural(*times as usize, "time")),
        CancelReason::Terminated => "told to end (SIGTERM)".to_owned(),
        CancelReason::HostsLocked { hosts, holder } => {
            format!("{} locked by {holder}", plural(hosts.len(), "host"))
        }
        CancelReason::LockLost { host, holder } => format!("the lock on {host} is lost: {holder}"),
        CancelReason::JournalFailed { reason } => format!("the journal cannot be written: {reason}"),
    };
    shortened(&text, LONGEST)
}
