//! Lengths of time, as people write them into spreadsheets.

use std::time::Duration;

use runsheet_model::parse_duration;
use runsheet_workbook::Value;

use crate::misread::{Misread, shown};
use crate::seen::text_of;
use crate::title::Unit;

const HINT: &str =
    "write it as `12m`, `1h30m` or `0:12` (hours and minutes), or name the unit in the title: `Expected (min)`";

/// The longest that is taken, as in a sheet: 365 days.
const LONGEST_S: f64 = 365.0 * 86_400.0;

/// Reads a length of time and gives it as a sheet has it: `1h30m`.
///
/// Understood are a span of the spreadsheet, `12m`, `1.5 hours`, `1h 30min`, `0:12` and `00:12:00` (hours, minutes, seconds), and a
/// plain number where the column's title names a unit.
pub(crate) fn read(value: &Value, unit: Option<Unit>) -> Result<String, Misread> {
    let text = text_of(value);
    let wrong = || Misread::new(format!("{} is not a length of time", shown(&text)), HINT);
    let seconds = match value {
        Value::Duration(time) => time.as_secs_f64(),
        Value::Number(number) => unit.map(|unit| number * f64::from(unit.seconds())).ok_or_else(wrong)?,
        _ => seconds(&text, unit).ok_or_else(wrong)?,
    };
    if !(0.0..=LONGEST_S).contains(&seconds) {
        return Err(wrong());
    }
    // Spreadsheets keep times as parts of a day: what is off by less than a millisecond was not meant.
    let micros = Duration::from_secs_f64(seconds).as_micros();
    Ok(written(Duration::from_millis(u64::try_from((micros + 500) / 1000).unwrap_or(u64::MAX))))
}

fn seconds(text: &str, unit: Option<Unit>) -> Option<f64> {
    let text = text.trim_start_matches(['~', '≈']).trim();
    if let Ok(time) = parse_duration(text) {
        return Some(time.as_secs_f64());
    }
    if let Some(seconds) = clock(text) {
        return Some(seconds);
    }
    if let Some(number) = number(text) {
        return unit.map(|unit| number * f64::from(unit.seconds()));
    }
    in_words(&text.to_lowercase())
}

/// `0:12`, `00:12:00`, `1:00:00.5`.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let (last, others) = parts.split_last()?;
    if !(1..=2).contains(&others.len())
        || !others.iter().all(|part| is_digits(part))
        || !last.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let last = number(last)?;
    let hours: f64 = others[0].parse().ok()?;
    let (minutes, seconds) = match others.get(1) {
        Some(minutes) => (minutes.parse().ok()?, last),
        None => (last, 0.0),
    };
    (minutes < 60.0 && seconds < 60.0).then_some(hours * 3600.0 + minutes * 60.0 + seconds)
}

/// `1.5 hours`, `12 min`, `1 hour 30 minutes`, `2 h, 5 min`.
fn in_words(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let amount = number(&rest[..digits])?;
        rest = rest[digits..].trim_start();
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let factor = match &rest[..end] {
            "ms" => 0.001,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => return None,
        };
        total = Some(total.unwrap_or(0.0) + amount * factor);
        rest = rest[end..].trim_start_matches(['.', ',', ' ']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    total
}

fn is_digits(text: &str) -> bool {
    (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(text: &str) -> Option<f64> {
    let plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok())?
}

/// A length of time as a person writes it in a sheet.
fn written(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let parts = [(ms / 3_600_000, "h"), (ms / 60_000 % 60, "m"), (ms / 1000 % 60, "s"), (ms % 1000, "ms")];
    let said = parts.iter().filter(|(amount, _)| *amount > 0);
    let text = said.fold(String::new(), |text, (amount, unit)| text + &format!("{amount}{unit}"));
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (value, unit, expected) in [
            (text("12m"), None, "12m"),
            (text("90m"), None, "1h30m"),
            (text("1h 30m"), None, "1h30m"),
            (text("0:12"), None, "12m"),
            (text("00:12:00"), None, "12m"),
            (text("1:00:30"), None, "1h30s"),
            (text("12 min"), None, "12m"),
            (text("~ 5 Minutes"), None, "5m"),
            (text("1.5 hours"), None, "1h30m"),
            (text("1 hour and 5 min."), None, "1h5m"),
            (text("2 h, 5 min"), None, "2h5m"),
            (text("45"), Some(Unit::Seconds), "45s"),
            (Value::Number(12.0), Some(Unit::Minutes), "12m"),
            (Value::Number(0.5), Some(Unit::Minutes), "30s"),
            (Value::Number(0.25), Some(Unit::Hours), "15m"),
            (Value::Duration(Duration::from_secs(725)), None, "12m5s"),
            (Value::Duration(Duration::from_secs_f64(719.999_999_9)), None, "12m"),
            (Value::DateTime("00:12:00".to_owned()), None, "12m"),
            (Value::Duration(Duration::ZERO), None, "0s"),
            (text("250ms"), None, "250ms"),
        ] {
            assert_eq!(read(&value, unit).as_deref(), Ok(expected), "{value:?}");
        }
        for bad in
            ["soon", "12", "0:72", "1:2:3:4", "-5m", "5 parsecs", "9000h h", ":", "1e9h", "99999999999 d", "0:12pm"]
        {
            assert!(read(&text(bad), None).is_err(), "{bad}");
        }
        for bad in [Value::Number(12.0), Value::Bool(true), Value::DateTime("2026-11-26".to_owned())] {
            assert!(read(&bad, None).is_err(), "{bad:?}");
        }
        assert!(read(&Value::Number(f64::NAN), Some(Unit::Hours)).is_err());
        assert!(read(&Value::Number(-1.0), Some(Unit::Hours)).is_err());
    }
}
