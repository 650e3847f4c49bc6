use std::fs;
use std::path::PathBuf;

use runsheet_workbook::{Edit, Tab, Workbook, patch_if};

use super::target::{Change, SheetTarget};
use crate::SinkError;

/// A spreadsheet on this machine to which timing is written: a file, or a folder of CSV files.
///
/// One that somebody has open in LibreOffice or Excel is left alone, since their next save would undo what was written, or one of the
/// two would be lost.
pub struct FileTarget {
    path: PathBuf,
    shown: String,
    /// What the file was when it was read last.
    seen: Option<String>,
}

impl FileTarget {
    /// Prepares; nothing is opened yet. `shown` is how the file is called in messages.
    pub fn new(path: PathBuf, shown: impl Into<String>) -> Self {
        Self { path, shown: shown.into(), seen: None }
    }
}

impl SheetTarget for FileTarget {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn read(&mut self, tab: &str) -> Result<Tab, SinkError> {
        let failed = |error| SinkError::unavailable(format!("failed to look at `{}`", self.shown)).because(error);
        // It would be replaced by a new file, which the mode of the old one does not keep anybody from.
        if fs::metadata(&self.path).map_err(failed)?.permissions().readonly() {
            return Err(SinkError::refused(format!("`{}` is read-only", self.shown)));
        }
        // Its reason alone: the file is named already, as people call it.
        let (workbook, fingerprint) = Workbook::read_with_fingerprint(&self.path).map_err(|error| {
            SinkError::unavailable(format!("failed to read `{}`", self.shown)).because(error.reason)
        })?;
        self.seen = Some(fingerprint);
        let found = workbook.tabs.into_iter().find(|found| found.name == tab);
        found.ok_or_else(|| SinkError::refused(format!("`{}` has no tab `{tab}`", self.shown)))
    }

    fn write(&mut self, tab: &str, changes: &[Change]) -> Result<(), SinkError> {
        let edits: Vec<_> = changes
            .iter()
            .map(|change| Edit {
                tab: tab.to_owned(),
                row: change.row,
                column: change.column,
                value: change.value.clone(),
            })
            .collect();
        patch_if(&self.path, self.seen.take().as_deref().unwrap_or_default(), &edits)
            .map_err(|error| SinkError::unavailable(format!("failed to write `{}`", self.shown)).because(error.reason))
    }
}
