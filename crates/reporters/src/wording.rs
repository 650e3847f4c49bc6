//! How states, counts and times are said. Everything that comes from a host or a file passes through here first.

use std::time::Duration;

use runsheet_events::{CancelReason, Choice, HostResult, PlannedStep, RunStats, StepStats, StepTotals, TookLonger};
use runsheet_forecast::percent_longer;
use runsheet_model::{HostName, State, StepId, TaskName, format_chosen_duration, format_duration, plural, visible};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest first line of a message that is shown, in columns; the whole message is in the journal.
const LONGEST_LINE: usize = 300;

/// Makes any text one line that cannot drive a terminal.
pub(crate) fn one_line(text: &str) -> String {
    let safe = visible(text.as_bytes());
    if safe.contains(['\n', '\t']) { safe.replace('\n', "\\n").replace('\t', " ") } else { safe }
}

/// The first line of a message that says anything, safe and at most 300 columns. One that ends with a colon says it with the
/// next line, as in `Syntax error on line 1 of apache2.conf:`.
pub(crate) fn first_line(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut text = lines.next().unwrap_or_default().to_owned();
    if text.ends_with(':')
        && let Some(next) = lines.next()
    {
        text.push(' ');
        text.push_str(next);
    }
    cut(&one_line(&text), LONGEST_LINE)
}

/// Cuts a safe text to a width in columns; what is cut off is marked by `…`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let mut kept = String::new();
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// A number with a comma every three digits: `1,204`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time that still runs, in whole seconds, so that it is not drawn anew more often than once a second.
pub(crate) fn running_for(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        _ => format_duration(time),
    }
}

/// What a step does: its tasks, at most three by name.
pub(crate) fn tasks(tasks: &[TaskName]) -> String {
    match tasks {
        [] => "by hand".to_owned(),
        [first, second, rest @ ..] if rest.len() > 1 => format!("{first}, {second} and {} more", rest.len()),
        names => names.iter().map(TaskName::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// A step's title, or its id if it has none.
pub(crate) fn title(step: &PlannedStep) -> String {
    match first_line(&step.name) {
        name if name.is_empty() => step.step.to_string(),
        name => name,
    }
}

/// What took longer than usual, and by how much: `Roll web took 18m, usually 12m (+50 %)`.
pub(crate) fn took_longer(longer: &TookLonger, stats: &RunStats) -> String {
    let step = stats.step(&longer.step).map_or_else(|| longer.step.to_string(), |step| title(&step.planned));
    let what = match &longer.host {
        None => step,
        Some(host) => format!("{step} on {}", visible(host.as_str().as_bytes())),
    };
    format!(
        "{what} took {}, usually {} (+{} %)",
        format_chosen_duration(longer.took),
        format_chosen_duration(longer.usual),
        percent_longer(longer.took, longer.usual)
    )
}

/// Which step it is of those that do not undo another, such as `2/5`; for one that does, its number in the plan.
pub(crate) fn numbered(index: usize, stats: &RunStats) -> String {
    let forward = |step: &&StepStats| step.planned.undoes.is_none();
    match stats.steps.get(index).filter(forward) {
        Some(_) => format!("{}/{}", stats.steps.iter().take(index + 1).filter(forward).count(), stats.forward_steps()),
        None => (index + 1).to_string(),
    }
}

/// What a person chose, to follow `says `.
pub(crate) fn chosen(choice: Option<Choice>, proceed: bool) -> &'static str {
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
pub(crate) fn totals(totals: &StepTotals) -> String {
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
pub(crate) fn state(state: &State) -> &'static str {
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
pub(crate) fn reason(result: &HostResult) -> String {
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

/// Why nothing new is started.
pub(crate) fn cancelled(reason: &CancelReason, stats: &RunStats) -> String {
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

/// What follows from it, for those who watch.
pub(crate) fn what_next(reason: &CancelReason) -> &'static str {
    match reason {
        CancelReason::Interrupted { times: 1 } => "what runs finishes, nothing new is started (Ctrl-C again: stop it)",
        CancelReason::Interrupted { times: 2 } => "what runs is stopped (Ctrl-C again: leave at once)",
        CancelReason::Interrupted { .. } => "leaving at once; what runs on hosts may go on",
        _ => "nothing new is started",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_204, 1_000_000].map(grouped), ["0", "999", "1,204", "1,000,000"]);
    }

    #[test]
    fn a_cut_text_keeps_to_its_width_whatever_is_in_it() {
        assert_eq!(cut("deploy", 6), "deploy");
        assert_eq!(cut("deploy", 4), "dep…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
    }

    #[test]
    fn a_message_of_many_lines_is_told_by_its_first_that_says_anything() {
        assert_eq!(first_line("\n  \n disk full \nmore"), "disk full");
        assert_eq!(first_line("a\x1b[2J\tb"), "a\\x1b[2J b");
    }
}
