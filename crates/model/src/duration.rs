use std::time::Duration;

use thiserror::Error;

/// Why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a length of time (such as `90s`, `5m`, `1h30m`, `250ms`)")]
pub struct DurationError {
    /// The text.
    pub text: String,
}

/// Reads a length of time: numbers with a unit (`ms`, `s`, `m`, `h`, `d`) one after the other, such as `1h30m`.
///
/// At most 365 days, so that a deadline can always be added to a clock.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError { text: text.to_owned() };
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit_ms = match &rest[..end] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(unit_ms).ok_or_else(wrong)?;
        total = total.checked_add(Duration::from_millis(part)).ok_or_else(wrong)?;
        rest = rest[end..].trim_start();
    }
    if total > Duration::from_hours(365 * 24) { Err(wrong()) } else { Ok(total) }
}

/// Writes a length of time for people: `340ms`, `4.2s`, `12m 03s`, `1h 02m`.
pub fn format_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{ms}ms"),
        1..60 => format!("{}.{}s", seconds, (ms % 1000) / 100),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, (seconds % 3600) / 60),
    }
}

/// Writes a length of time that somebody chose, as they would write it: `2m` rather than `2m 00s`.
pub fn format_chosen_duration(duration: Duration) -> String {
    let text = format_duration(duration);
    match text.strip_suffix(" 00s").or_else(|| text.strip_suffix(" 00m")) {
        Some(short) => short.to_owned(),
        None => match text.strip_suffix(".0s") {
            Some(seconds) => format!("{seconds}s"),
            None => text,
        },
    }
}

/// Serialises a `Duration` as whole milliseconds; for fields whose names end in `_ms`.
pub mod duration_ms {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes milliseconds.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    /// Reads milliseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_times_are_short() {
        let times = [90, 120, 3600, 15].map(Duration::from_secs).map(format_chosen_duration);
        assert_eq!(times, ["1m 30s", "2m", "1h", "15s"]);
    }

    #[test]
    fn lengths_of_time_are_read() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        for bad in ["", "5", "m", "5 parsecs", "-1s", "1.5h", "99999999999999999d", "400d"] {
            assert!(parse_duration(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn lengths_of_time_read_well() {
        let shown: Vec<_> = [340, 4_210, 723_000, 3_725_000].map(Duration::from_millis).map(format_duration).to_vec();
        assert_eq!(shown, ["340ms", "4.2s", "12m 03s", "1h 02m"]);
    }
}
