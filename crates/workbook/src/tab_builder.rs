use std::collections::BTreeMap;

use crate::error::Reason;
use crate::limits;
use crate::reference::Range;
use crate::{Cell, Row, Tab, Value};

/// How many cells and how much text were read so far, of all tabs together.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    cells: usize,
    text: usize,
}

impl Budget {
    /// Takes a cell into account.
    fn spend(&mut self, value: &Value) -> Result<(), Reason> {
        self.cells += 1;
        if let Value::Text(text) | Value::DateTime(text) | Value::Error(text) = value {
            self.text += text.len();
        }
        if self.cells > limits::CELLS {
            return Err(Reason::TooLarge { what: format!("it has more than {} cells", limits::CELLS) });
        }
        if self.text > limits::TEXT {
            return Err(Reason::TooLarge {
                what: format!("its cells hold more than {} MiB of text", limits::TEXT >> 20),
            });
        }
        Ok(())
    }
}

/// Collects the rows of one tab.
pub(crate) struct TabBuilder<'a> {
    tab: Tab,
    budget: &'a mut Budget,
    /// The row that is being read.
    row: Row,
}

impl<'a> TabBuilder<'a> {
    /// Begins a tab.
    pub(crate) fn new(name: &str, hidden: bool, budget: &'a mut Budget) -> Self {
        let tab = Tab { name: name.to_owned(), hidden, rows: Vec::new() };
        Self { tab, budget, row: Row { number: 0, hidden: false, cells: Vec::new() } }
    }

    /// Begins a row.
    pub(crate) fn row(&mut self, number: u32, hidden: bool) {
        let done = std::mem::replace(&mut self.row, Row { number, hidden, cells: Vec::new() });
        if !done.cells.is_empty() {
            self.tab.rows.push(done);
        }
    }

    /// Adds a cell to the row; one without a text in it is passed over.
    pub(crate) fn cell(&mut self, column: u32, value: Value, formula: bool) -> Result<(), Reason> {
        if !matches!(&value, Value::Text(text) if text.is_empty()) {
            self.budget.spend(&value)?;
            self.row.cells.push(Cell { column, value, formula, merged: false });
        }
        Ok(())
    }

    /// Ends the tab. Shows what the first cell of each merged range holds in the others of it, as far as the tab is used: in rows
    /// that hold something themselves, and up to the last column that does.
    pub(crate) fn finish(mut self, merged: &[Range]) -> Result<Tab, Reason> {
        self.row(0, false);
        let Self { mut tab, budget, .. } = self;
        tab.rows.sort_by_key(|row| row.number);
        if tab.rows.windows(2).any(|pair| pair[0].number == pair[1].number) {
            return Err(Reason::damaged("", format!("tab `{}` has a row twice", tab.name)));
        }
        for row in &mut tab.rows {
            row.cells.sort_by_key(|cell| cell.column);
            row.cells.dedup_by_key(|cell| cell.column);
        }
        spread(&mut tab.rows, merged, budget)?;
        Ok(tab)
    }
}

/// Shows the value of each merged range in all its cells.
fn spread(rows: &mut [Row], merged: &[Range], budget: &mut Budget) -> Result<(), Reason> {
    let last_column = rows.iter().filter_map(|row| row.cells.last()).map(|cell| cell.column).max().unwrap_or(0);
    let mut by_row: BTreeMap<usize, Vec<(Range, Cell)>> = BTreeMap::new();
    for range in merged {
        let from = rows.partition_point(|row| row.number < range.first.0);
        let to = rows.partition_point(|row| row.number <= range.last.0);
        let Some(first) = rows[from..to].first().filter(|row| row.number == range.first.0) else { continue };
        let Some(shown) = first.cells.iter().find(|cell| cell.column == range.first.1).cloned() else { continue };
        for row in from..to {
            budget.spend(&shown.value)?;
            by_row.entry(row).or_default().push((*range, shown.clone()));
        }
    }
    for (row, ranges) in by_row {
        let row = &mut rows[row];
        let mut cells: BTreeMap<u32, Cell> =
            std::mem::take(&mut row.cells).into_iter().map(|cell| (cell.column, cell)).collect();
        for (range, shown) in ranges {
            for column in range.first.1..=range.last.1.min(last_column) {
                if (row.number, column) != range.first {
                    budget.spend(&shown.value)?;
                    cells.insert(column, Cell { column, merged: true, ..shown.clone() });
                }
            }
        }
        row.cells = cells.into_values().collect();
    }
    Ok(())
}
