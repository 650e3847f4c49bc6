use runsheet_workbook::{Tab, Value};

use crate::SinkError;

/// A spreadsheet to which timing is written: a file, or a Google Sheet. Every wait in it has a deadline.
pub trait SheetTarget: Send {
    /// How it is called in messages, such as `deploy.xlsx`.
    fn shown(&self) -> &str;

    /// Reads a tab as it is now.
    fn read(&mut self, tab: &str) -> Result<Tab, SinkError>;

    /// Changes cells of the tab that was read last, all of them or none, and touches nothing else. If the tab may have changed since
    /// it was read, nothing is done and the error is a passing one.
    fn write(&mut self, tab: &str, changes: &[Change]) -> Result<(), SinkError>;
}

/// What is to stand in a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its row, from 1.
    pub row: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What it is to hold; an empty text empties it.
    pub value: Value,
}
