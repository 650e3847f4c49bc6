use std::collections::BTreeMap;

use runsheet_workbook::{Tab, Value};

use super::origin::Origin;
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

    /// What its column may be called, in lower case and without punctuation.
    fn titles(self) -> &'static [&'static str] {
        match self {
            Self::Started => &["start", "started", "started at", "start time", "actual start", "begin", "began"],
            Self::Ended => {
                &["end", "ended", "ended at", "end time", "actual end", "finished", "finished at", "finish", "done at"]
            }
            Self::Elapsed => &[
                "elapsed",
                "took",
                "actual",
                "actual duration",
                "actual time",
                "time taken",
                "elapsed time",
                "real duration",
            ],
            Self::HostsOk => &["hosts ok", "ok", "ok hosts", "succeeded"],
            Self::HostsFailed => &["hosts failed", "failed", "failed hosts", "failures"],
            Self::FirstError => &["error", "first error"],
            Self::Run => &["run", "run id", "last run"],
            Self::ForecastError => &["forecast error", "off forecast"],
        }
    }
}

/// The column of each field, and the titles of those that have to be added.
#[derive(Debug)]
pub(crate) struct Columns {
    of: BTreeMap<Field, u32>,
    pub(crate) added: Vec<Change>,
}

impl Columns {
    /// Finds the columns by their titles. What is missing comes after everything that stands in the header and the rows of steps.
    pub(crate) fn find(tab: &Tab, origin: &Origin) -> Self {
        let header = tab.rows.iter().find(|row| row.number == origin.header_row);
        let mut of = BTreeMap::new();
        for cell in header.into_iter().flat_map(|row| &row.cells) {
            let title = plain(&shown(&cell.value));
            let field = Field::ALL.into_iter().find(|field| field.titles().contains(&title.as_str()));
            if let Some(field) = field.filter(|_| !origin.inputs.contains(&cell.column)) {
                of.entry(field).or_insert(cell.column);
            }
        }
        let last = tab.rows.iter().filter_map(|row| row.cells.last()).map(|cell| cell.column).max().unwrap_or_default();
        let mut next = last + 1;
        let mut added = Vec::new();
        for field in Field::ALL {
            of.entry(field).or_insert_with(|| {
                let value = Value::Text(field.title().to_owned());
                added.push(Change { row: origin.header_row, column: next, value });
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
