use std::collections::BTreeMap;

use crate::wire::{WireGrid, WireRange, WireSheet, WireSpreadsheet};
use crate::{GoogleCell, GoogleRow, GoogleTab, Spreadsheet};

/// The most cells of one merged range that show its value; one that is larger shows it in its first cell only.
const MERGED: u64 = 10_000;

/// The rows of a tab by number, and their cells by column.
type Rows = BTreeMap<u32, (bool, BTreeMap<u32, GoogleCell>)>;

impl From<WireSpreadsheet> for Spreadsheet {
    fn from(wire: WireSpreadsheet) -> Self {
        let grid = |sheet: &WireSheet| matches!(sheet.properties.sheet_type.as_str(), "" | "GRID");
        let tabs = wire.sheets.into_iter().filter(grid).map(tab).collect();
        Self { title: wire.properties.title, tabs }
    }
}

fn tab(sheet: WireSheet) -> GoogleTab {
    let mut rows = Rows::new();
    for grid in sheet.data {
        add(&mut rows, grid);
    }
    for range in &sheet.merges {
        spread(&mut rows, range);
    }
    let rows = rows
        .into_iter()
        .filter(|(_, (_, cells))| !cells.is_empty())
        .map(|(number, (hidden, cells))| GoogleRow { number, hidden, cells: cells.into_values().collect() })
        .collect();
    let properties = sheet.properties;
    GoogleTab {
        id: properties.sheet_id,
        name: properties.title,
        hidden: properties.hidden,
        columns: properties.grid_properties.column_count,
        rows,
    }
}

fn add(rows: &mut Rows, grid: WireGrid) {
    let mut metadata = grid.row_metadata.into_iter();
    for (number, row) in (grid.start_row.saturating_add(1)..).zip(grid.row_data) {
        let hidden = metadata.next().is_some_and(|row| row.hidden_by_user || row.hidden_by_filter);
        let (_, cells) = rows.entry(number).or_insert_with(|| (hidden, BTreeMap::new()));
        for (column, cell) in (grid.start_column.saturating_add(1)..).zip(row.values) {
            let formula = cell.formula();
            if let Some(value) = cell.value() {
                cells.insert(column, GoogleCell { column, value, formula, merged: false });
            }
        }
    }
}

/// Shows the value of a merged range in all of its cells.
fn spread(rows: &mut Rows, range: &WireRange) {
    let height = u64::from(range.end_row_index.saturating_sub(range.start_row_index));
    let width = u64::from(range.end_column_index.saturating_sub(range.start_column_index));
    let first = (range.start_row_index.saturating_add(1), range.start_column_index.saturating_add(1));
    let Some(shown) = rows.get(&first.0).and_then(|(_, cells)| cells.get(&first.1)).cloned() else { return };
    if height * width > MERGED {
        return;
    }
    for row in first.0..=range.end_row_index {
        let (_, cells) = rows.entry(row).or_default();
        for column in first.1..=range.end_column_index {
            if (row, column) != first {
                cells.insert(column, GoogleCell { column, merged: true, ..shown.clone() });
            }
        }
    }
}
