//! Values of cells: typed attributes, and a text for people.

use jiff::civil::{Date, DateTime, Time};

use crate::Value;
use crate::ods::paragraphs;
use crate::ods::row::CellSource;
use crate::ods::span;
use crate::value::NOT_CALCULATED;

/// The attributes that hold the value of a cell. All of them go when it gets another one.
pub(crate) const ATTRIBUTES: [&str; 12] = [
    "office:value-type",
    "office:value",
    "office:currency",
    "office:date-value",
    "office:time-value",
    "office:boolean-value",
    "office:string-value",
    "calcext:value-type",
    "table:formula",
    "table:number-matrix-rows-spanned",
    "table:number-matrix-columns-spanned",
    "table:number-columns-repeated",
];

/// What a person sees in a cell; nothing in an empty one. `clock` says that times are shown as times of day.
pub(crate) fn read(cell: &CellSource<'_>, clock: bool) -> Option<Value> {
    let get = |name| cell.tag.attribute(name);
    let text = || cell.text.clone().or_else(|| get("office:string-value").map(std::borrow::Cow::into_owned));
    let typed = match get("office:value-type").as_deref() {
        Some("float" | "percentage" | "currency") => number(&get("office:value")?),
        Some("boolean") => Some(Value::Bool(get("office:boolean-value")? == "true")),
        Some("date") => date(&get("office:date-value")?),
        Some("time") => time(&get("office:time-value")?, clock),
        Some(_) if get("calcext:value-type").is_some_and(|kind| kind == "error") => text().map(Value::Error),
        None if get("table:formula").is_some() && cell.text.is_none() => Some(Value::Error(NOT_CALCULATED.to_owned())),
        _ => None,
    };
    typed.or_else(|| text().map(Value::Text))
}

fn number(text: &str) -> Option<Value> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number)
}

fn date(text: &str) -> Option<Value> {
    if !text.contains('T') {
        return text.parse::<Date>().ok().map(|date| Value::DateTime(date.to_string()));
    }
    let moment: DateTime = text.parse().ok()?;
    let moment = moment.round(jiff::Unit::Second).ok()?;
    Some(Value::DateTime(moment.to_string()))
}

fn time(text: &str, clock: bool) -> Option<Value> {
    let span = span::parse(text)?;
    if !clock || span.as_secs() >= 86_400 {
        return Some(Value::Duration(span));
    }
    let rounded = span.as_secs() + u64::from(span.subsec_millis() >= 500);
    let time = Time::midnight().checked_add(jiff::SignedDuration::from_secs(i64::try_from(rounded).ok()?)).ok()?;
    Some(Value::DateTime(time.to_string()))
}

/// How a value is written: attributes, and the paragraphs for people.
pub(crate) fn write(value: &Value) -> (Vec<(&'static str, String)>, String) {
    let text = value.to_text();
    let typed = |kind: &str, name, value: String| vec![("office:value-type", kind.to_owned()), (name, value)];
    let attributes = match value {
        _ if text.is_empty() => return (Vec::new(), String::new()),
        Value::Number(number) => typed("float", "office:value", number.to_string()),
        Value::Bool(set) => typed("boolean", "office:boolean-value", set.to_string()),
        Value::Duration(span) => typed("time", "office:time-value", span::format(*span)),
        Value::DateTime(iso) => match moment(iso) {
            Some((name @ "office:time-value", value)) => typed("time", name, value),
            Some((name, value)) => typed("date", name, value),
            None => vec![("office:value-type", "string".to_owned())],
        },
        Value::Text(_) | Value::Error(_) => vec![("office:value-type", "string".to_owned())],
    };
    (attributes, paragraphs::write(&text))
}

/// The attribute and its value for an ISO date, time of day, or both.
fn moment(iso: &str) -> Option<(&'static str, String)> {
    if !iso.contains('-')
        && let Ok(time) = iso.parse::<Time>()
    {
        let since = (time - Time::midnight()).to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
        return Some(("office:time-value", span::format(since.try_into().ok()?)));
    }
    let moment: DateTime = iso.parse().ok()?;
    Some(("office:date-value", if iso.contains(':') { moment.to_string() } else { moment.date().to_string() }))
}
