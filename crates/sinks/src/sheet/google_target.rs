use runsheet_googlesheets::{GoogleError, GoogleSheets, GoogleTab, GoogleValue, NewCell, SpreadsheetId};
use runsheet_import::google_tab;
use runsheet_workbook::{Tab, Value};

use super::target::{Change, SheetTarget};
use crate::SinkError;

/// A Google Sheet to which timing is written.
///
/// Between reading and writing, a moment later, somebody may move a row: the API has no way to rule that out.
#[derive(Debug)]
pub struct GoogleTarget {
    google: GoogleSheets,
    id: SpreadsheetId,
    shown: String,
    seen: Option<GoogleTab>,
}

impl GoogleTarget {
    /// Prepares; nothing is sent yet.
    pub fn new(google: GoogleSheets, id: SpreadsheetId) -> Self {
        let shown = format!("Google Sheet {id}");
        Self { google, id, shown, seen: None }
    }

    fn failed(&self, doing: &str, error: GoogleError) -> SinkError {
        let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let what = format!("failed to {doing} `{}`{hint}", self.shown);
        let passing = matches!(
            error,
            GoogleError::Quota { .. }
                | GoogleError::OutOfOrder { .. }
                | GoogleError::TimedOut { .. }
                | GoogleError::Unreached { .. }
        );
        if passing { SinkError::unavailable(what) } else { SinkError::refused(what) }.because(error)
    }
}

impl SheetTarget for GoogleTarget {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn read(&mut self, tab: &str) -> Result<Tab, SinkError> {
        let sheet = self.google.read(&self.id).map_err(|error| self.failed("read", error))?;
        let found = sheet.tabs.into_iter().find(|found| found.name == tab);
        let found = found.ok_or_else(|| SinkError::refused(format!("`{}` has no tab `{tab}`", self.shown)))?;
        let read = google_tab(&found);
        self.seen = Some(found);
        Ok(read)
    }

    fn write(&mut self, tab: &str, changes: &[Change]) -> Result<(), SinkError> {
        let Some(seen) = self.seen.take().filter(|seen| seen.name == tab) else {
            return Err(SinkError::unavailable(format!("tab `{tab}` was not read before")));
        };
        let cells: Vec<NewCell> = changes
            .iter()
            .map(|change| NewCell { row: change.row, column: change.column, value: to_google(&change.value) })
            .collect();
        self.google.write(&self.id, &seen, &cells).map_err(|error| self.failed("write", error))
    }
}

fn to_google(value: &Value) -> GoogleValue {
    match value {
        Value::Text(text) => GoogleValue::Text(text.clone()),
        Value::Number(number) => GoogleValue::Number(*number),
        Value::Bool(yes) => GoogleValue::Bool(*yes),
        Value::DateTime(text) => GoogleValue::DateTime(text.clone()),
        Value::Duration(span) => GoogleValue::Duration(*span),
        Value::Error(text) => GoogleValue::Error(text.clone()),
    }
}
