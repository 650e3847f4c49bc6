use std::collections::{BTreeMap, BTreeSet};

use runsheet_import::{ImportRecord, TIMING_FIELDS};
use runsheet_workbook::{Tab, Value};

use super::shown::shown;
use super::target::Change;

/// What is written of a step, in the order in which missing columns are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Started,
    Ended,
    Elapsed,
    HostsOk,
    HostsFailed,
    FirstError,
    Run,
    ForecastError,
}

impl Field {
    pub(crate) const ALL: [Self; 8] = [
        Self::Started,
        Self::Ended,
        Self::Elapsed,
        Self::HostsOk,
        Self::HostsFailed,
        Self::FirstError,
        Self::Run,
        Self::ForecastError,
    ];

    /// The title that its column gets if there is none.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Ended => "Ended",
            Self::Elapsed => "Elapsed",
            Self::HostsOk => "Hosts ok",
            Self::HostsFailed => "Hosts failed",
            Self::FirstError => "First error",
            Self::Run => "Run",
            Self::ForecastError => "Forecast error",
        }
    }

    /// Its word in the record of an import.
    fn word(self) -> &'static str {
        match self {
            Self::Started => "start",
            Self::Ended => "end",
            Self::Elapsed => "elapsed",
            Self::HostsOk => "ok",
            Self::HostsFailed => "failed",
            Self::FirstError => "error",
            Self::Run => "run",
            Self::ForecastError => "forecast_error",
        }
    }

    /// The field that a title means.
    fn titled(title: &str) -> Option<Self> {
        let title = plain(title);
        let found = TIMING_FIELDS.iter().find(|field| field.titles.contains(&title.as_str()))?;
        Self::ALL.into_iter().find(|field| field.word() == found.word)
    }
}

/// The column of each field, and the titles of those that have to be added.
#[derive(Debug)]
pub(crate) struct Columns {
    of: BTreeMap<Field, u32>,
    pub(crate) added: Vec<Change>,
}

impl Columns {
    /// Finds the columns by their titles, also those that were added since the import. What is missing comes after everything in the tab.
    pub(crate) fn find(tab: &Tab, record: &ImportRecord) -> Self {
        let is_timing = |word: &str| TIMING_FIELDS.iter().any(|field| field.word == word);
        let known = &record.steps.columns;
        let inputs: BTreeSet<u32> =
            known.iter().filter(|(word, _)| !is_timing(word)).map(|(_, column)| *column).collect();
        let header = tab.rows.iter().find(|row| row.number == record.steps.header_row);
        let mut of = BTreeMap::new();
        for cell in header.into_iter().flat_map(|row| &row.cells).filter(|cell| !inputs.contains(&cell.column)) {
            if let Some(field) = Field::titled(&shown(&cell.value)) {
                of.entry(field).or_insert(cell.column);
            }
        }
        // A title that only the import understands, such as one of two rows.
        for field in Field::ALL {
            if let Some(column) = known.get(field.word()) {
                of.entry(field).or_insert(*column);
            }
        }
        let last = tab.rows.iter().filter_map(|row| row.cells.last()).map(|cell| cell.column).max().unwrap_or_default();
        let mut next = last + 1;
        let mut added = Vec::new();
        for field in Field::ALL {
            of.entry(field).or_insert_with(|| {
                let value = Value::Text(field.title().to_owned());
                added.push(Change { row: record.steps.header_row, column: next, value });
                next += 1;
                next - 1
            });
        }
        Self { of, added }
    }

    pub(crate) fn of(&self, field: Field) -> Option<u32> {
        self.of.get(&field).copied()
    }
}

/// A title as it is compared: lower case, one blank for whatever is neither letter nor digit.
fn plain(title: &str) -> String {
    let words: Vec<String> =
        title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join(" ")
}
