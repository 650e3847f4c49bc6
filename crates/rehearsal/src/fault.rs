use std::fmt;
use std::str::FromStr;

use runsheet_diagnostics::nearest;

use crate::FaultError;

/// The words for faults.
const WORDS: [&str; 8] = ["refuse", "silent", "wrong-key", "deny", "fail", "hang", "drop", "slow"];

/// The most that a host can be slowed down.
const SLOWEST: f64 = 10_000.0;

/// What goes wrong on a host in a rehearsal.
///
/// | text | what happens | the host ends |
/// |---|---|---|
/// | `refuse` | it refuses connections | unreachable |
/// | `silent` | it accepts connections and says nothing | unreachable |
/// | `wrong-key` | it shows another host key than the one on record | unreachable |
/// | `deny` | it lets nobody log in | unreachable |
/// | `fail`, `fail 3` | the task ends with this value; 1 if none is said | failed |
/// | `hang` | the task does not end within the step's limit | failed |
/// | `drop` | the connection breaks while the task is at work | lost |
/// | `slow 3` | tasks take so many times as long | as it would |
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Refuses TCP connections.
    Refuse,
    /// Accepts TCP connections and never says a word.
    Silent,
    /// Presents a key other than the one on record.
    WrongKey,
    /// Accepts no login.
    Deny,
    /// The task ends with this value, from 1 to 255.
    Fail(u8),
    /// The task runs out of time.
    Hang,
    /// The connection breaks half-way.
    Drop,
    /// Tasks take so many times as long.
    Slow(f64),
}

impl Fault {
    /// How a practice host misbehaves, if it is a matter of connecting.
    pub(crate) fn of_connecting(self) -> Option<runsheet_practice::Fault> {
        match self {
            Self::Refuse => Some(runsheet_practice::Fault::Refuse),
            Self::Silent => Some(runsheet_practice::Fault::Silent),
            Self::WrongKey => Some(runsheet_practice::Fault::WrongKey),
            Self::Deny => Some(runsheet_practice::Fault::DenyLogin),
            Self::Fail(_) | Self::Hang | Self::Drop | Self::Slow(_) => None,
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let text = text.trim();
        let (word, value) = match text.split_once(char::is_whitespace) {
            Some((word, value)) => (word, Some(value.trim())),
            None => (text, None),
        };
        let wrong = |why| FaultError::Value { text: text.to_owned(), why };
        match (word, value) {
            ("refuse", None) => Ok(Self::Refuse),
            ("silent", None) => Ok(Self::Silent),
            ("wrong-key", None) => Ok(Self::WrongKey),
            ("deny", None) => Ok(Self::Deny),
            ("hang", None) => Ok(Self::Hang),
            ("drop", None) => Ok(Self::Drop),
            ("fail", None) => Ok(Self::Fail(1)),
            ("fail", Some(value)) => match value.parse() {
                Ok(value @ 1..) => Ok(Self::Fail(value)),
                _ => Err(wrong("`fail` takes a value from 1 to 255")),
            },
            ("slow", value) => match value.map(|value| value.trim_end_matches(['x', '×']).parse()) {
                Some(Ok(times)) if (1.0..=SLOWEST).contains(&times) => Ok(Self::Slow(times)),
                _ => Err(wrong("`slow` takes a number from 1 to 10000, such as `slow 3`")),
            },
            (known, Some(_)) if WORDS.contains(&known) => Err(wrong("it takes no value")),
            (unknown, _) => Err(FaultError::Unknown {
                word: unknown.to_owned(),
                nearest: nearest(unknown, WORDS).map(str::to_owned),
            }),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse => f.write_str("refuse"),
            Self::Silent => f.write_str("silent"),
            Self::WrongKey => f.write_str("wrong-key"),
            Self::Deny => f.write_str("deny"),
            Self::Fail(value) => write!(f, "fail {value}"),
            Self::Hang => f.write_str("hang"),
            Self::Drop => f.write_str("drop"),
            Self::Slow(times) => write!(f, "slow {times}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        for text in ["refuse", "silent", "wrong-key", "deny", "fail 3", "hang", "drop", "slow 2.5"] {
            assert_eq!(text.parse::<Fault>().map(|fault| fault.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("fail".parse(), Ok(Fault::Fail(1)));
        assert_eq!(" slow 3x ".parse(), Ok(Fault::Slow(3.0)));
    }

    #[test]
    fn what_is_no_fault_is_told_with_the_nearest_word() {
        assert_eq!(
            "refused".parse::<Fault>(),
            Err(FaultError::Unknown { word: "refused".to_owned(), nearest: Some("refuse".to_owned()) })
        );
        for text in ["fail 0", "fail 256", "fail x", "slow", "slow 0", "slow inf", "slow NaN", "hang 3"] {
            assert!(matches!(text.parse::<Fault>(), Err(FaultError::Value { .. })), "{text}");
        }
    }
}
