use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::PracticeError;

/// The word before a part in the text of a command. To a shell such a line is a comment on doing nothing (`:`), so that even a
/// shell that came to read it would do nothing.
const WORD: &str = ": practice ";

/// What a host of a fleet that only plays does where it is asked to run a command: it takes its time and ends. Nothing is started.
///
/// As text it is a command, `: practice 1500ms exit 0` or `: practice 1500ms cut`, which [`FromStr`] finds in the last line of
/// what a host is asked to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// How long it takes, in whole milliseconds.
    pub takes: Duration,
    /// How it ends.
    pub end: PartEnd,
}

/// How a part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartEnd {
    /// With this exit status.
    Exit(u32),
    /// The TCP connection is dropped, and nobody says how it ended.
    Cut,
}

impl Part {
    /// What is played for a command that is no part: it ends well at once.
    pub(crate) const NOTHING: Self = Self { takes: Duration::ZERO, end: PartEnd::Exit(0) };
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WORD}{}ms ", self.takes.as_millis())?;
        match self.end {
            PartEnd::Exit(code) => write!(f, "exit {code}"),
            PartEnd::Cut => f.write_str("cut"),
        }
    }
}

impl FromStr for Part {
    type Err = PracticeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || PracticeError::Part { text: text.to_owned() };
        let last = text.lines().next_back().and_then(|line| line.strip_prefix(WORD)).ok_or_else(wrong)?;
        let (takes, end) = last.split_once(' ').ok_or_else(wrong)?;
        let takes = takes.strip_suffix("ms").and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
        let end = match end.split_once(' ') {
            None if end == "cut" => PartEnd::Cut,
            Some(("exit", code)) => PartEnd::Exit(code.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        };
        Ok(Self { takes: Duration::from_millis(takes), end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_as_it_is_written_wherever_it_is_the_last_line() {
        for end in [PartEnd::Exit(0), PartEnd::Exit(3), PartEnd::Cut] {
            let part = Part { takes: Duration::from_millis(1_500), end };
            assert_eq!(part.to_string().parse::<Part>().ok(), Some(part));
            assert_eq!(format!("sh -c 'echo'\n{part}").parse::<Part>().ok(), Some(part));
        }
    }

    #[test]
    fn whatever_else_a_host_is_asked_to_run_is_no_part() {
        for text in ["", "rm -rf /", ": practice", ": practice 5ms", ": practice xms exit 0", ": practice 5ms cut 3"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
