use std::time::Duration;

/// What a person sees in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, as it stands there.
    Text(String),
    /// A number. What a formula gave when the file was last saved counts as its value.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A date, a time of day or both, as ISO 8601 without a zone: `2026-11-26`, `03:30:00`, `2026-11-26T03:30:00`.
    DateTime(String),
    /// A span of time.
    Duration(Duration),
    /// An error of the spreadsheet, such as `#REF!`.
    Error(String),
}
