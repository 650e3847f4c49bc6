use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Some of a number of hosts: so many, or so many of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// This many.
    Hosts(usize),
    /// This many of ten thousand, 0 to 10,000: `2.5%` is 250.
    Percent(u16),
}

/// Why a text is no share.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShareError {
    /// Neither a number nor a percentage.
    #[error("`{text}` is neither a number of hosts nor a percentage")]
    Malformed {
        /// The text.
        text: String,
    },
    /// More than everything.
    #[error("`{text}` is more than 100%")]
    OverAll {
        /// The text.
        text: String,
    },
}

const WHOLE: usize = 10_000;

impl Share {
    /// Reads `3`, `10%` or `2.5%`.
    pub fn parse(text: &str) -> Result<Self, ShareError> {
        let malformed = || ShareError::Malformed { text: text.to_owned() };
        let number = |digits: &str| -> Option<usize> {
            (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
        };
        let Some(percent) = text.strip_suffix('%') else {
            return number(text).map(Self::Hosts).ok_or_else(malformed);
        };
        let (whole, fraction) = percent.split_once('.').unwrap_or((percent, "0"));
        let whole = number(whole).ok_or_else(malformed)?;
        let hundredths = match fraction.len() {
            1 => number(fraction).map(|tenths| tenths * 10),
            2 => number(fraction),
            _ => None,
        }
        .ok_or_else(malformed)?;
        let of_ten_thousand = whole.checked_mul(100).and_then(|whole| whole.checked_add(hundredths));
        match of_ten_thousand.map(u16::try_from) {
            Some(Ok(share)) if usize::from(share) <= WHOLE => Ok(Self::Percent(share)),
            _ => Err(ShareError::OverAll { text: text.to_owned() }),
        }
    }

    /// How many that are of so many hosts; a part of a host counts for nothing.
    pub fn of(self, hosts: usize) -> usize {
        match self {
            Self::Hosts(count) => count,
            Self::Percent(share) => hosts.saturating_mul(share.into()) / WHOLE,
        }
    }

    /// How many that are of so many hosts; a part of a host counts for a whole one.
    pub fn of_rounded_up(self, hosts: usize) -> usize {
        match self {
            Self::Hosts(count) => count,
            Self::Percent(share) => hosts.saturating_mul(share.into()).div_ceil(WHOLE),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hosts(count) => write!(f, "{count}"),
            Self::Percent(share) if share % 100 == 0 => write!(f, "{}%", share / 100),
            Self::Percent(share) => {
                let text = format!("{}.{:02}", share / 100, share % 100);
                write!(f, "{}%", text.trim_end_matches('0'))
            }
        }
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_and_written_as_people_write_it() {
        for (text, share) in [
            ("0", Share::Hosts(0)),
            ("12", Share::Hosts(12)),
            ("10%", Share::Percent(1_000)),
            ("100%", Share::Percent(10_000)),
            ("2.5%", Share::Percent(250)),
            ("0.25%", Share::Percent(25)),
        ] {
            assert_eq!(Share::parse(text), Ok(share));
            assert_eq!(share.to_string(), text);
        }
        for text in ["", "%", "-1", "+1", "1.5", "1.%", ".5%", "1.234%", "10 %", "ten", "99999999999999999999999"] {
            assert!(matches!(Share::parse(text), Err(ShareError::Malformed { .. })), "{text}");
        }
        for text in ["101%", "100.01%", "700%", "99999999999%"] {
            assert!(matches!(Share::parse(text), Err(ShareError::OverAll { .. })), "{text}");
        }
    }

    #[test]
    fn a_part_of_a_host_counts_for_nothing_or_for_a_whole_one() {
        let five = Share::Percent(500);
        assert_eq!([10, 19, 20, 39, 40].map(|hosts| five.of(hosts)), [0, 0, 1, 1, 2]);
        assert_eq!([0, 1, 20, 21].map(|hosts| five.of_rounded_up(hosts)), [0, 1, 1, 2]);
        assert_eq!(Share::Hosts(3).of(1), 3);
    }
}
