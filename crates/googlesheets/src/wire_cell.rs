use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{DateTime, datetime};
use serde::Deserialize;

use crate::GoogleValue;

const DAY_SECONDS: f64 = 86_400.0;

/// One cell, as the API tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WireCell {
    effective_value: Option<WireValue>,
    user_entered_value: Option<WireFormula>,
    effective_format: Option<WireFormat>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API calls them so")]
struct WireValue {
    string_value: Option<String>,
    number_value: Option<f64>,
    bool_value: Option<bool>,
    error_value: Option<WireCellError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireCellError {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireFormula {
    formula_value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireFormat {
    number_format: Option<WireNumberFormat>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireNumberFormat {
    #[serde(rename = "type")]
    kind: String,
    pattern: String,
}

impl WireCell {
    /// Whether a formula made it.
    pub(crate) fn formula(&self) -> bool {
        self.user_entered_value.as_ref().is_some_and(|value| value.formula_value.is_some())
    }

    /// What a person sees in it; nothing for an empty cell.
    pub(crate) fn value(self) -> Option<GoogleValue> {
        let value = self.effective_value?;
        if let Some(text) = value.string_value {
            return (!text.is_empty()).then_some(GoogleValue::Text(text));
        }
        if let Some(number) = value.number_value {
            let format = self.effective_format.and_then(|format| format.number_format).unwrap_or_default();
            return Some(shown(number, &format));
        }
        if let Some(yes) = value.bool_value {
            return Some(GoogleValue::Bool(yes));
        }
        Some(GoogleValue::Error(error_text(&value.error_value?.kind).to_owned()))
    }
}

/// A number as its format shows it: dates and times are days since the end of 1899.
fn shown(number: f64, format: &WireNumberFormat) -> GoogleValue {
    let time = match format.kind.as_str() {
        "DATE" | "DATE_TIME" => moment(number, format.kind == "DATE"),
        // `[h]:mm:ss` counts on after 24 hours: a span of time.
        "TIME" if format.pattern.contains('[') || number >= 1.0 => span(number),
        "TIME" => moment(number, false).and_then(|value| match value {
            GoogleValue::DateTime(text) => text.split_once('T').map(|(_, time)| GoogleValue::DateTime(time.to_owned())),
            other => Some(other),
        }),
        _ => None,
    };
    time.unwrap_or(GoogleValue::Number(number))
}

fn span(days: f64) -> Option<GoogleValue> {
    let seconds = (days * DAY_SECONDS * 1000.0).round() / 1000.0;
    Duration::try_from_secs_f64(seconds).ok().map(GoogleValue::Duration)
}

fn moment(days: f64, date_only: bool) -> Option<GoogleValue> {
    const ZERO: DateTime = datetime(1899, 12, 30, 0, 0, 0, 0);
    if !days.is_finite() || days.abs() > 3_000_000.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above: at most 3,000,000 days")]
    let seconds = (days * DAY_SECONDS).round() as i64;
    let moment = ZERO.checked_add(seconds.seconds()).ok()?;
    let text = if date_only && moment.time() == jiff::civil::Time::midnight() {
        moment.date().to_string()
    } else {
        moment.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    };
    Some(GoogleValue::DateTime(text))
}

/// How the sheet shows an error, by its type.
fn error_text(kind: &str) -> &'static str {
    match kind {
        "NULL_VALUE" => "#NULL!",
        "DIVIDE_BY_ZERO" => "#DIV/0!",
        "VALUE" => "#VALUE!",
        "REF" => "#REF!",
        "NAME" => "#NAME?",
        "NUM" => "#NUM!",
        "N_A" => "#N/A",
        "LOADING" => "Loading...",
        _ => "#ERROR!",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(json: &str) -> Option<GoogleValue> {
        serde_json::from_str::<WireCell>(json).expect("a cell").value()
    }

    #[test]
    fn a_number_is_what_its_format_shows() {
        let shown = |number: f64, kind: &str, pattern: &str| {
            let kind = kind.to_owned();
            shown(number, &WireNumberFormat { kind, pattern: pattern.to_owned() })
        };
        let text = |text: &str| GoogleValue::DateTime(text.to_owned());
        assert_eq!(shown(46352.0, "DATE", "yyyy-mm-dd"), text("2026-11-26"));
        assert_eq!(shown(46_352.145_833_333_336, "DATE_TIME", ""), text("2026-11-26T03:30:00"));
        assert_eq!(shown(0.145_833_333_333, "TIME", "hh:mm"), text("03:30:00"));
        assert_eq!(shown(0.008_333_333_333, "TIME", "[h]:mm:ss"), GoogleValue::Duration(Duration::from_mins(12)));
        assert_eq!(shown(12.0, "NUMBER", ""), GoogleValue::Number(12.0));
        assert_eq!(shown(1e300, "DATE", ""), GoogleValue::Number(1e300));
    }

    #[test]
    fn every_kind_of_cell_is_read() {
        let text = |text: &str| Some(GoogleValue::Text(text.to_owned()));
        assert_eq!(cell(r#"{"effectiveValue": {"stringValue": "=not a formula"}}"#), text("=not a formula"));
        assert_eq!(cell(r#"{"effectiveValue": {"boolValue": false}}"#), Some(GoogleValue::Bool(false)));
        let error = r#"{"effectiveValue": {"errorValue": {"type": "REF", "message": "gone"}}}"#;
        assert_eq!(cell(error), Some(GoogleValue::Error("#REF!".to_owned())));
        assert_eq!(cell("{}"), None);
        assert_eq!(cell(r#"{"effectiveValue": {"stringValue": ""}}"#), None);
    }
}
