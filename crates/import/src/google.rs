use std::path::PathBuf;

use runsheet_googlesheets::{GoogleCell, GoogleTab, GoogleValue, Spreadsheet};
use runsheet_workbook::{Cell, Row, Tab, Value, Workbook};

/// A Google Sheet as any other spreadsheet; its title stands for its path.
pub fn google_workbook(sheet: &Spreadsheet) -> Workbook {
    Workbook { path: PathBuf::from(&sheet.title), tabs: sheet.tabs.iter().map(google_tab).collect() }
}

/// A tab of a Google Sheet as that of any other spreadsheet.
pub fn google_tab(tab: &GoogleTab) -> Tab {
    let rows = tab.rows.iter().map(|row| Row {
        number: row.number,
        hidden: row.hidden,
        cells: row.cells.iter().map(cell).collect(),
    });
    Tab { name: tab.name.clone(), hidden: tab.hidden, rows: rows.collect() }
}

fn cell(cell: &GoogleCell) -> Cell {
    let value = match &cell.value {
        GoogleValue::Text(text) => Value::Text(text.clone()),
        GoogleValue::Number(number) => Value::Number(*number),
        GoogleValue::Bool(yes) => Value::Bool(*yes),
        GoogleValue::DateTime(text) => Value::DateTime(text.clone()),
        GoogleValue::Duration(span) => Value::Duration(*span),
        GoogleValue::Error(text) => Value::Error(text.clone()),
    };
    Cell { column: cell.column, value, formula: cell.formula, merged: cell.merged }
}
