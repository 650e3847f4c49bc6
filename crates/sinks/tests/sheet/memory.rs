use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use runsheet_sinks::{Change, SheetTarget, SinkError};
use runsheet_workbook::{Cell, Row, Tab, Value};

/// A tab in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cells: BTreeMap<(u32, u32), Value>,
    writes: usize,
    locked: bool,
}

impl Memory {
    pub(crate) fn of(rows: &[&[&str]]) -> Self {
        let memory = Self::default();
        for (row, texts) in (1..).zip(rows) {
            for (column, text) in (1..).zip(*texts) {
                memory.set(row, column, text);
            }
        }
        memory
    }

    pub(crate) fn set(&self, row: u32, column: u32, text: &str) {
        let mut state = self.state.lock().expect("nobody panicked");
        if text.is_empty() {
            state.cells.remove(&(row, column));
        } else {
            state.cells.insert((row, column), Value::Text(text.to_owned()));
        }
    }

    pub(crate) fn get(&self, row: u32, column: u32) -> Option<Value> {
        self.state.lock().expect("nobody panicked").cells.get(&(row, column)).cloned()
    }

    /// Moves everything from a row on down by one.
    pub(crate) fn insert_row(&self, at: u32) {
        let mut state = self.state.lock().expect("nobody panicked");
        let cells = std::mem::take(&mut state.cells);
        state.cells = cells
            .into_iter()
            .map(|((row, column), value)| ((if row >= at { row + 1 } else { row }, column), value))
            .collect();
    }

    pub(crate) fn lock(&self, locked: bool) {
        self.state.lock().expect("nobody panicked").locked = locked;
    }

    pub(crate) fn writes(&self) -> usize {
        self.state.lock().expect("nobody panicked").writes
    }

    pub(crate) fn all(&self) -> BTreeMap<(u32, u32), Value> {
        self.state.lock().expect("nobody panicked").cells.clone()
    }

    pub(crate) fn tab(&self) -> Tab {
        let mut rows: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
        for ((row, column), value) in self.all() {
            rows.entry(row).or_default().push(Cell { column, value, formula: false, merged: false });
        }
        let rows = rows.into_iter().map(|(number, cells)| Row { number, hidden: false, cells }).collect();
        Tab { name: "Steps".to_owned(), hidden: false, rows }
    }
}

impl SheetTarget for Memory {
    fn shown(&self) -> &'static str {
        "deploy.xlsx"
    }

    fn read(&mut self, tab: &str) -> Result<Tab, SinkError> {
        assert_eq!(tab, "Steps");
        Ok(self.tab())
    }

    fn write(&mut self, _: &str, changes: &[Change]) -> Result<(), SinkError> {
        let mut state = self.state.lock().expect("nobody panicked");
        if state.locked {
            return Err(SinkError::unavailable("`deploy.xlsx` is open in another program"));
        }
        state.writes += 1;
        for change in changes {
            if change.value == Value::Text(String::new()) {
                state.cells.remove(&(change.row, change.column));
            } else {
                state.cells.insert((change.row, change.column), change.value.clone());
            }
        }
        Ok(())
    }
}
