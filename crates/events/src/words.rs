//! How states, counts and reasons are said, wherever they are told. What comes from a host or a file is made safe for a terminal.

use runsheet_model::{HostName, State, StepId, format_chosen_duration, plural, shortened, visible};

use crate::{CancelReason, Choice, HostResult, PlannedStep, RunStats, StepTotals, TookLonger};

/// The longest first line of a message that is shown, in characters; the whole message is in the journal.
const LONGEST_LINE: usize = 300;

/// Makes any text one line that cannot drive a terminal.
pub fn one_line(text: &str) -> String {
    let safe = visible(text.as_bytes());
    if safe.contains(['\n', '\t']) { safe.replace('\n', "\\n").replace('\t', " ") } else { safe }
}

/// The first line of a message that says anything, safe and at most 300 characters. One that ends with a colon says it with the
/// next line, as in `Syntax error on line 1 of apache2.conf:`.
pub fn first_line(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut text = lines.next().unwrap_or_default().to_owned();
    if text.ends_with(':')
        && let Some(next) = lines.next()
    {
        text.push(' ');
        text.push_str(next);
    }
    shortened(&text, LONGEST_LINE)
}

/// A step's title, or its id if it has none.
pub fn title(step: &PlannedStep) -> String {
    match first_line(&step.name) {
        name if name.is_empty() => step.step.to_string(),
        name => name,
    }
}

/// What a person chose, to follow `says `.
pub fn chosen(choice: Option<Choice>, proceed: bool) -> &'static str {
    match choice {
        Some(Choice::Retry) => "try again",
        Some(Choice::Skip) => "go on as if it had not failed",
        Some(Choice::Exclude) => "go on without it",
        Some(Choice::SkipStep) => "leave the rest of the step",
        Some(Choice::Proceed | Choice::Abort) | None => {
            if proceed {
                "go on"
            } else {
                "stop"
            }
        }
    }
}

/// How hosts ended, in words: `18 ok (16 changed), 1 failed, 1 skipped`.
pub fn totals(totals: &StepTotals) -> String {
    let mut parts = Vec::new();
    match (totals.ok(), totals.changed) {
        (0, _) => {}
        (ok, 0) => parts.push(format!("{ok} ok")),
        (ok, changed) => parts.push(format!("{ok} ok ({changed} changed)")),
    }
    for (count, word) in [
        (totals.failed, "failed"),
        (totals.unreachable, "unreachable"),
        (totals.lost, "lost"),
        (totals.skipped, "skipped"),
        (totals.cancelled, "cancelled"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    if parts.is_empty() { "no hosts".to_owned() } else { parts.join(", ") }
}

/// The word for a state.
pub fn state(state: &State) -> &'static str {
    match state {
        State::Ok { changed: true } => "changed",
        State::Ok { changed: false } => "ok",
        State::Failed { .. } => "failed",
        State::Unreachable(_) => "unreachable",
        State::Lost { .. } => "lost",
        State::Skipped => "skipped",
        State::Cancelled => "cancelled",
    }
}

/// What a host has to say about how it ended, in one line; empty if nobody said anything.
pub fn reason(result: &HostResult) -> String {
    let said = first_line(&result.outcome.message);
    if !said.is_empty() {
        return said;
    }
    match &result.state {
        State::Unreachable(unreachable) => first_line(&unreachable.reason),
        State::Lost { reason } => reason.says().to_owned(),
        State::Failed { .. } => format!("no message (value {})", result.outcome.value),
        State::Ok { .. } | State::Skipped | State::Cancelled => String::new(),
    }
}

/// What took longer than usual, and by how much: `Roll web took 18m, usually 12m (+50 %)`.
pub fn took_longer(longer: &TookLonger, stats: &RunStats) -> String {
    let step = stats.step(&longer.step).map_or_else(|| longer.step.to_string(), |step| title(&step.planned));
    let what = match &longer.host {
        None => step,
        Some(host) => format!("{step} on {}", visible(host.as_str().as_bytes())),
    };
    let [took, usual] = [longer.took, longer.usual].map(format_chosen_duration);
    format!("{what} took {took}, usually {usual} (+{} %)", longer.percent())
}

/// Why nothing new is started.
pub fn cancelled(reason: &CancelReason, stats: &RunStats) -> String {
    let titled = |id: &StepId| stats.step(id).map_or_else(|| id.to_string(), |step| title(&step.planned));
    match reason {
        CancelReason::HostsFailed { step } => format!("more hosts failed in `{}` than are tolerated", titled(step)),
        CancelReason::Person { step } => format!("a person said no at `{}`", titled(step)),
        CancelReason::FileNotMade { step, path, reason } => {
            format!("`{}` has not made `{}`: {}", titled(step), first_line(path), first_line(reason))
        }
        CancelReason::Interrupted { times: 1 } => "interrupted".to_owned(),
        CancelReason::Interrupted { times } => format!("interrupted {}", plural(*times as usize, "time")),
        CancelReason::Terminated => "told to end (SIGTERM)".to_owned(),
        CancelReason::HostsLocked { hosts, holder } => {
            let is = if hosts.len() == 1 { "is" } else { "are" };
            format!("{} {is} locked by {}", named(hosts), first_line(holder))
        }
        CancelReason::LockLost { host, holder } => format!("the lock on {host} is lost: {}", first_line(holder)),
        CancelReason::JournalFailed { reason } => format!("the journal cannot be written: {}", first_line(reason)),
    }
}

/// How many hosts are named one by one.
const NAMED: usize = 5;

/// `web1, web2 and 7 more`.
fn named(hosts: &[HostName]) -> String {
    let names: Vec<_> = hosts.iter().take(NAMED).map(HostName::as_str).collect();
    match hosts.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_many_lines_is_told_by_its_first_that_says_anything() {
        assert_eq!(first_line("\n  \n disk full \nmore"), "disk full");
        assert_eq!(first_line("a\x1b[2J\tb"), "a\\x1b[2J b");
    }
}
