//! Timing that goes back to a spreadsheet.

mod google_sheet;
mod memory;
mod run;
mod writing_back;

use std::collections::BTreeSet;

use runsheet_model::StepId;
use runsheet_sinks::{Origin, OriginRow};
use runsheet_workbook::{Row, Value};

/// What the import would have recorded of a tab: titles in row 1, and the rows of steps as they are now.
fn origin(tab: &str, rows: &[Row], ids: &[&str]) -> Origin {
    let inputs = BTreeSet::from([1, 2, 3]);
    let of = ids.iter().zip(rows.iter().filter(|row| row.number > 1));
    let rows = of
        .map(|(id, row)| OriginRow {
            step: StepId::new(*id).expect("an id"),
            row: row.number,
            fingerprint: fingerprint(row),
        })
        .collect();
    Origin { tab: tab.to_owned(), header_row: 1, inputs, rows, fingerprint: Box::new(fingerprint) }
}

fn fingerprint(row: &Row) -> String {
    let cells: Vec<_> =
        row.cells.iter().filter(|cell| cell.column <= 3).map(|cell| (cell.column, &cell.value)).collect();
    format!("{cells:?}")
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
