use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runsheet_diagnostics::Place;
use runsheet_model::hex;
use runsheet_workbook::Row;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::fields::{STEP_FIELDS, is_input};
use crate::seen::{cell, text_of};
use crate::{ImportError, letters};

/// The only version of records so far.
const VERSION: u32 = 1;

/// What the last import read, and where it stands: kept beside the sheet as `NAME.import.json`.
///
/// It says which row of the spreadsheet a step came from, so that timing can go back to it, and what was made out of that row, so
/// that the next import can tell what changed in the spreadsheet from what was edited by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// The version of this format: 1.
    pub version: u32,
    /// The spreadsheet.
    pub source: ImportSource,
    /// The title that the spreadsheet gave the sheet.
    pub title: String,
    /// The tab with the steps.
    pub steps: StepsTab,
    /// The tab with the hosts, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<HostsTab>,
}

/// Where a sheet came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportSource {
    /// A file or a folder of CSV files; relative to the record's folder unless it is absolute.
    File(PathBuf),
    /// A Google Sheet, by its id.
    Google(String),
}

/// The tab with the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepsTab {
    /// What it is called.
    pub tab: String,
    /// The last row of its header, from 1.
    pub header_row: u32,
    /// The column of each field that was recognised, from 1, by the field's word (`name`, `task`, … as in the sheet; `number` and
    /// `description`; and those that timing is written to: [`crate::TIMING_FIELDS`]).
    pub columns: BTreeMap<String, u32>,
    /// The steps, in the order of their rows.
    pub rows: Vec<StepRecord>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step's id in the sheet.
    pub id: String,
    /// The number of its row, from 1.
    pub row: u32,
    /// What [`ImportRecord::fingerprint`] said of the row.
    pub fingerprint: String,
    /// What was made out of the row: words of the sheet and their values, without `id`.
    pub fields: Map<String, Value>,
}

/// The tab with the hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostsTab {
    /// What it is called.
    pub tab: String,
    /// The last row of its header, from 1.
    pub header_row: u32,
    /// The column of each field that was recognised, from 1, by the field's word.
    pub columns: BTreeMap<String, u32>,
    /// What was made out of it: host groups by name.
    pub groups: Map<String, Value>,
}

impl ImportRecord {
    /// Makes a record.
    pub(crate) fn new(source: ImportSource, title: String, steps: StepsTab, hosts: Option<HostsTab>) -> Self {
        Self { version: VERSION, source, title, steps, hosts }
    }

    /// Where the record of a sheet stands: `sheets/web.yaml` has `sheets/web.import.json`.
    pub fn beside(sheet: &Path) -> PathBuf {
        sheet.with_extension("import.json")
    }

    /// Reads a record; one that others may change is refused, as for a sheet.
    pub fn load(path: &Path) -> Result<Self, ImportError> {
        let text = runsheet_yaml::read_text(path)?.value;
        let wrong = |what: String, place| ImportError::Record { place, what };
        let record: Self = serde_json::from_str(&text).map_err(|error| {
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let place = Place::file(path).at(number(error.line()), number(error.column()));
            wrong(runsheet_model::shortened(&error.to_string(), 200), place)
        })?;
        if record.version != VERSION {
            return Err(wrong(
                format!("its version is {}, and only {VERSION} is known", record.version),
                Place::file(path),
            ));
        }
        Ok(record)
    }

    /// The record as the text of its file.
    pub fn text(&self) -> String {
        format!("{:#}\n", serde_json::json!(self))
    }

    /// The step of an id.
    pub fn step(&self, id: &str) -> Option<&StepRecord> {
        self.steps.rows.iter().find(|step| step.id == id)
    }

    /// What stands in the cells of a row that the import reads, as one number in hexadecimal digits: SHA-256 over the texts of these
    /// cells with their fields' words. It is the same wherever the row stands, and whatever is written into other cells.
    pub fn fingerprint(&self, row: &Row) -> String {
        fingerprint(&self.steps.columns, row)
    }
}

impl StepsTab {
    /// The column of a field as letters, such as `C`.
    pub fn letters(&self, word: &str) -> Option<String> {
        self.columns.get(word).map(|column| letters(*column))
    }
}

/// [`ImportRecord::fingerprint`] while there is no record yet.
pub(crate) fn fingerprint(columns: &BTreeMap<String, u32>, row: &Row) -> String {
    let mut hash = Sha256::new();
    for (word, column) in columns.iter().filter(|(word, _)| is_input(STEP_FIELDS, word)) {
        if let Some(cell) = cell(row, *column) {
            let text = text_of(&cell.value);
            // Lengths keep what stands in two cells apart from what stands in one.
            hash.update(format!("{word} {}\n", text.len()));
            hash.update(text);
        }
    }
    hex(&hash.finalize())
}
