use std::fmt::Write;
use std::time::Duration;

/// What a formula shows that was saved without ever being calculated, as programs do that write spreadsheets.
pub const NOT_CALCULATED: &str = "not calculated";

/// What a person sees in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, as it stands there. Written to a cell, an empty text empties it.
    Text(String),
    /// A number. What a formula gave when the file was last saved counts as its value.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A date, a time of day or both, as ISO 8601 without a zone: `2026-11-26`, `03:30:00`, `2026-11-26T03:30:00`.
    DateTime(String),
    /// A span of time.
    Duration(Duration),
    /// An error of the spreadsheet, such as `#REF!`, or [`NOT_CALCULATED`].
    Error(String),
}

impl Value {
    /// The value as a person would type it: `12` and not `12.0`, `TRUE`, `2026-11-26 03:30:00`, `27:05:00` for a span of time.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) | Self::Error(text) => text.clone(),
            // Display of a float is the shortest text that reads back as itself, without an exponent.
            Self::Number(number) => number.to_string(),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::DateTime(text) => text.replacen('T', " ", 1),
            Self::Duration(span) => clock(*span),
        }
    }

    /// Whether there is nothing to see.
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

/// A span of time as hours, minutes and seconds: `0:03:12`, `27:05:00`, `0:00:00.25`.
fn clock(span: Duration) -> String {
    let seconds = span.as_secs();
    let mut text = format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if span.subsec_millis() > 0 {
        _ = write!(text, ".{:03}", span.subsec_millis());
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_as_a_person_would_type_it() {
        let cases = [
            (Value::Number(12.0), "12"),
            (Value::Number(-0.25), "-0.25"),
            (Value::Number(1e15), "1000000000000000"),
            (Value::Bool(true), "TRUE"),
            (Value::DateTime("2026-11-26T03:30:00".into()), "2026-11-26 03:30:00"),
            (Value::DateTime("03:30:00".into()), "03:30:00"),
            (Value::Duration(Duration::from_millis(97_500_250)), "27:05:00.25"),
            (Value::Duration(Duration::from_secs(192)), "0:03:12"),
            (Value::Error("#REF!".into()), "#REF!"),
        ];
        for (value, text) in cases {
            assert_eq!(value.to_text(), text);
        }
    }
}
