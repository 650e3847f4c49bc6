use std::path::PathBuf;

use crate::Value;

/// A spreadsheet as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Workbook {
    /// The file or folder it was read from.
    pub path: PathBuf,
    /// Its tabs, in their order. A CSV file has one, named after the file.
    pub tabs: Vec<Tab>,
}

/// One tab.
#[derive(Clone, Debug, PartialEq)]
pub struct Tab {
    /// What it is called.
    pub name: String,
    /// Whether people do not see it.
    pub hidden: bool,
    /// The rows that hold something, in their order; rows of nothing are left out.
    pub rows: Vec<Row>,
}

/// One row that holds something.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, from 1.
    pub number: u32,
    /// Whether people do not see it (hidden, or filtered out).
    pub hidden: bool,
    /// The cells that hold something, by rising column. A merged range is its value in each of its cells of this row.
    pub cells: Vec<Cell>,
}

/// One cell that holds something.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its column, from 1.
    pub column: u32,
    /// What a person sees in it.
    pub value: Value,
    /// Whether a formula made it.
    pub formula: bool,
    /// Whether it only shows what the first cell of a merged range holds.
    pub merged: bool,
}
