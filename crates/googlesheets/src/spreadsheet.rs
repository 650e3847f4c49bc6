use std::time::Duration;

/// A spreadsheet as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Spreadsheet {
    /// What it is called.
    pub title: String,
    /// Its tabs with cells, in their order; tabs that are one chart are left out.
    pub tabs: Vec<GoogleTab>,
}

/// One tab.
#[derive(Clone, Debug, PartialEq)]
pub struct GoogleTab {
    /// Its number, by which requests that change its shape name it.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Whether people do not see it.
    pub hidden: bool,
    /// How many columns its grid has. What lies beyond does not exist, and cannot be written.
    pub columns: u32,
    /// The rows that hold something, in their order.
    pub rows: Vec<GoogleRow>,
}

/// One row that holds something.
#[derive(Clone, Debug, PartialEq)]
pub struct GoogleRow {
    /// Its number, from 1.
    pub number: u32,
    /// Whether people do not see it (hidden, or filtered out).
    pub hidden: bool,
    /// The cells that hold something, by rising column. A merged range is its value in each of its cells of this row.
    pub cells: Vec<GoogleCell>,
}

/// One cell that holds something.
#[derive(Clone, Debug, PartialEq)]
pub struct GoogleCell {
    /// Its column, from 1.
    pub column: u32,
    /// What a person sees in it.
    pub value: GoogleValue,
    /// Whether a formula made it.
    pub formula: bool,
    /// Whether it only shows what the first cell of a merged range holds.
    pub merged: bool,
}

/// What a person sees in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum GoogleValue {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A date, a time of day or both, as ISO 8601 without a zone.
    DateTime(String),
    /// A span of time.
    Duration(Duration),
    /// An error of the spreadsheet, such as `#REF!`.
    Error(String),
}

/// What is to stand in a cell. It is taken as it is: a text is never a formula, a number or a date.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCell {
    /// Its row, from 1.
    pub row: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What it is to hold. An empty text leaves it empty.
    pub value: GoogleValue,
}
