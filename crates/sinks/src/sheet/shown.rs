use runsheet_workbook::Value;

/// A value as a person would type it, so that what is there can be compared with what is to be there.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Error(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::DateTime(text) => text.replacen('T', " ", 1),
        Value::Duration(span) => {
            let seconds = span.as_secs();
            format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
    }
}
