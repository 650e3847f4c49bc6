//! Timing that goes back to a spreadsheet.

mod google_sheet;
mod memory;
mod opening;
mod run;
mod spreadsheet_file;
mod writing_back;

use std::collections::BTreeMap;
use std::path::PathBuf;

use runsheet_import::{ImportRecord, ImportSource, StepRecord, StepsTab};
use runsheet_workbook::{Row, Value};

/// What the import records of a tab: titles in row 1, title, task and hosts in the first three columns, and the rows of steps as they
/// are now.
fn record(tab: &str, rows: &[Row], ids: &[&str]) -> ImportRecord {
    let columns = [("name", 1), ("task", 2), ("hosts", 3)];
    let columns: BTreeMap<String, u32> = columns.map(|(word, column)| (word.to_owned(), column)).into();
    let steps = StepsTab { tab: tab.to_owned(), header_row: 1, columns, rows: Vec::new() };
    let source = ImportSource::File(PathBuf::from("../deploy.xlsx"));
    let mut record = ImportRecord { version: 1, source, title: "Weekly".to_owned(), steps, hosts: None };
    let of = ids.iter().zip(rows.iter().filter(|row| row.number > 1));
    record.steps.rows = of
        .map(|(id, row)| StepRecord {
            id: (*id).to_owned(),
            row: row.number,
            fingerprint: record.fingerprint(row),
            fields: serde_json::Map::new(),
        })
        .collect();
    record
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
