use std::collections::BTreeSet;
use std::fmt;

use runsheet_model::StepId;
use runsheet_workbook::Row;

/// Where in a spreadsheet the steps of a sheet came from, as the import recorded it.
pub struct Origin {
    /// The tab with the steps.
    pub tab: String,
    /// The last row of its header, from 1.
    pub header_row: u32,
    /// The columns that the import reads, from 1. Timing never goes there, whatever their titles.
    pub inputs: BTreeSet<u32>,
    /// The steps, in the order of their rows.
    pub rows: Vec<OriginRow>,
    /// Tells what stands in the cells of a row that the import reads, in a text that is the same wherever the row stands.
    pub fingerprint: Box<dyn Fn(&Row) -> String + Send>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginRow {
    /// Its id.
    pub step: StepId,
    /// The row from which it came, from 1.
    pub row: u32,
    /// The fingerprint that the row had then.
    pub fingerprint: String,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").field("tab", &self.tab).field("rows", &self.rows).finish_non_exhaustive()
    }
}
