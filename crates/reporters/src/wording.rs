//! How states, counts and times are said. Everything that comes from a host or a file passes through here first.

use std::time::Duration;

pub(crate) use runsheet_events::words::{
    cancelled, chosen, first_line, one_line, reason, state, title, took_longer, totals,
};
use runsheet_events::{CancelReason, RunHeader, RunStats, StepStats};
use runsheet_model::{TaskName, format_duration};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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

/// Rising numbers, those that follow each other as a range: `2, 4-9`.
pub(crate) fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let words: Vec<_> = runs
        .map(|run| match run {
            [first, .., last] => format!("{first}-{last}"),
            run => run.iter().map(ToString::to_string).collect(),
        })
        .collect();
    words.join(", ")
}

/// What a step does: its tasks, at most three by name.
pub(crate) fn tasks(tasks: &[TaskName]) -> String {
    match tasks {
        [] => "by hand".to_owned(),
        [first, second, rest @ ..] if rest.len() > 1 => format!("{first}, {second} and {} more", rest.len()),
        names => names.iter().map(TaskName::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// The command of a run that is none.
const REHEARSAL: &str = "rehearsal";

/// Whether a sheet runs, in earnest or not, and no single command.
pub(crate) fn is_sheet(header: &RunHeader) -> bool {
    header.command == "run" || header.command == REHEARSAL
}

/// What a run is called.
pub(crate) fn run_word(header: &RunHeader) -> &'static str {
    if header.command == REHEARSAL { REHEARSAL } else { "run" }
}

/// Which step it is of those that do not undo another, such as `2/5`; for one that does, its number in the plan.
pub(crate) fn numbered(index: usize, stats: &RunStats) -> String {
    let forward = |step: &&StepStats| step.planned.undoes.is_none();
    match stats.steps.get(index).filter(forward) {
        Some(_) => format!("{}/{}", stats.steps.iter().take(index + 1).filter(forward).count(), stats.forward_steps()),
        None => (index + 1).to_string(),
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
    fn numbers_that_follow_each_other_are_a_range() {
        assert_eq!(ranges(&[2, 4, 5, 6, 9, 8]), "2, 4-6, 9, 8");
    }

    #[test]
    fn a_cut_text_keeps_to_its_width_whatever_is_in_it() {
        assert_eq!(cut("deploy", 6), "deploy");
        assert_eq!(cut("deploy", 4), "dep…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
    }
}
