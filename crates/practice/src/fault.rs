use std::str::FromStr;
use std::time::Duration;

use crate::PracticeError;

/// A way in which a practice host misbehaves.
///
/// As text (`FromStr`), the words of a scenario:
///
/// | text | fault |
/// |---|---|
/// | `refuse` | [`Fault::Refuse`] |
/// | `silent` | [`Fault::Silent`] |
/// | `slow 200ms` (or `2s`, `1m`) | [`Fault::Slow`] |
/// | `wrong-key` | [`Fault::WrongKey`] |
/// | `exit 3` | [`Fault::ExitCode`] |
/// | `cut` | [`Fault::CutAfterExec`] |
/// | `cut-after 100` | [`Fault::CutAfter`] |
/// | `close` | [`Fault::CloseWithoutStatus`] |
/// | `deny` | [`Fault::DenyLogin`] |
/// | `throttle` | [`Fault::Throttle`] |
/// | `fail TEXT` | [`Fault::FailCommands`] |
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refuses TCP connections.
    Refuse,
    /// Accepts TCP connections and never says a word.
    Silent,
    /// Waits this long before each command and each SFTP session.
    Slow(Duration),
    /// Presents a key other than the one in the fleet's known_hosts file.
    WrongKey,
    /// Runs every command, then reports this exit status, however the command ended.
    ExitCode(u32),
    /// Starts the command (or SFTP session), lets the client know that it has started, then drops the TCP connection.
    CutAfterExec,
    /// Drops the TCP connection once the client has exactly this many bytes of the command's output, both streams
    /// together. A command that writes less ends as usual; its exit status comes after its output.
    CutAfter(u64),
    /// Runs the command, passes on its output and closes the channel without an exit status.
    CloseWithoutStatus,
    /// Accepts no key.
    DenyLogin,
    /// Closes connections before a word is said, as sshd does beyond `MaxStartups`.
    Throttle,
    /// Commands that contain this text exit with 1, say so on stderr, and are not run. Others run as usual.
    FailCommands(String),
}

impl FromStr for Fault {
    type Err = PracticeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| PracticeError::Fault { text: text.to_owned(), reason };
        let (word, value) = match text.trim().split_once(char::is_whitespace) {
            Some((word, value)) => (word, Some(value.trim())),
            None => (text.trim(), None),
        };
        let fault = match (word, value) {
            ("refuse", None) => Self::Refuse,
            ("silent", None) => Self::Silent,
            ("wrong-key", None) => Self::WrongKey,
            ("cut", None) => Self::CutAfterExec,
            ("close", None) => Self::CloseWithoutStatus,
            ("deny", None) => Self::DenyLogin,
            ("throttle", None) => Self::Throttle,
            ("slow", Some(value)) => {
                let pause =
                    duration(value).ok_or_else(|| wrong("`slow` takes a time such as `200ms`, `2s` or `1m`"))?;
                Self::Slow(pause)
            }
            ("exit", Some(value)) => {
                let code = value.parse().map_err(|_| wrong("`exit` takes a number from 0 up"))?;
                Self::ExitCode(code)
            }
            ("cut-after", Some(value)) => {
                let bytes = value.parse().map_err(|_| wrong("`cut-after` takes a number of bytes"))?;
                Self::CutAfter(bytes)
            }
            ("fail", Some(value)) => Self::FailCommands(value.to_owned()),
            ("slow" | "exit" | "cut-after" | "fail", None) => return Err(wrong("its value is missing")),
            ("refuse" | "silent" | "wrong-key" | "cut" | "close" | "deny" | "throttle", Some(_)) => {
                return Err(wrong("it takes no value"));
            }
            _ => {
                return Err(wrong(
                    "the words are refuse, silent, slow, wrong-key, exit, cut, cut-after, close, deny, throttle and fail",
                ));
            }
        };
        Ok(fault)
    }
}

/// A whole number directly followed by `ms`, `s` or `m`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}
