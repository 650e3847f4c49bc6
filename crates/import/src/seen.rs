//! What a person sees in a cell, as text.

use runsheet_workbook::{Cell, Row, Value};

/// The text of a value: whole numbers without a fraction, `TRUE` and `FALSE`, lengths of time as `1:05:00`.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => tidy(text),
        Value::Number(number) => number_text(*number),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::DateTime(text) | Value::Error(text) => text.clone(),
        Value::Duration(time) => {
            let seconds = time.as_secs();
            format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
    }
}

/// A number as it is written: `12`, `0.5`.
pub(crate) fn number_text(number: f64) -> String {
    // `Display` of a float never has an exponent and gives the shortest text that reads back the same.
    format!("{number}")
}

/// Without blanks around it, with plain blanks and line breaks, and without what cannot be seen.
fn tidy(text: &str) -> String {
    let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let plain = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\u{a0}', " ");
    plain.trim_matches(|c: char| c.is_whitespace() || invisible(c)).to_owned()
}

/// The cell of a column, if it holds something that can be seen.
pub(crate) fn cell(row: &Row, column: u32) -> Option<&Cell> {
    let at = row.cells.binary_search_by_key(&column, |cell| cell.column).ok()?;
    row.cells.get(at).filter(|cell| !text_of(&cell.value).is_empty())
}

/// Whether a text only says that there is nothing: `-`, `n/a`.
pub(crate) fn is_nothing(text: &str) -> bool {
    matches!(text.to_lowercase().as_str(), "" | "-" | "–" | "—" | "n/a" | "n.a.")
}
