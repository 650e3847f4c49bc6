use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use runsheet_import::{ImportRecord, StepRecord};
use runsheet_model::RunId;
use runsheet_workbook::{Cell, Tab};

use super::columns::{Columns, Field};
use super::places::Places;
use super::shown::shown;
use super::target::Change;
use super::timing::Timing;

/// What has to be changed in a tab so that it shows a run, and what cannot be shown.
#[derive(Debug, Default)]
pub(crate) struct Changes<'a> {
    pub(crate) cells: Vec<Change>,
    /// Steps whose rows are not what was imported.
    pub(crate) lost: Vec<&'a StepRecord>,
    /// Rows that show a later run, and keep it.
    pub(crate) later: Vec<(u32, RunId)>,
    /// How many rows are known.
    pub(crate) found: usize,
}

impl<'a> Changes<'a> {
    /// Compares what stands in the tab with what is to stand there; only what differs is changed.
    pub(crate) fn between(tab: &Tab, record: &'a ImportRecord, run: RunId, timings: &[Timing<'_>]) -> Self {
        let places = Places::find(tab, record);
        let columns = Columns::find(tab, record);
        let cells: BTreeMap<(u32, u32), &Cell> = tab
            .rows
            .iter()
            .flat_map(|row| row.cells.iter().map(move |cell| ((row.number, cell.column), cell)))
            .collect();
        let holds = |row, column| cells.get(&(row, column)).map(|cell| &cell.value);
        let mut changes = Self { found: places.rows.len(), ..Self::default() };
        for timing in timings {
            let Some(&row) = places.rows.get(timing.step.as_str()) else { continue };
            let there = columns.of(Field::Run).and_then(|column| holds(row, column)).map(shown);
            let there = there.and_then(|text| RunId::from_str(text.trim()).ok());
            if let Some(later) = there.filter(|there| *there > run) {
                changes.later.push((row, later));
                continue;
            }
            for (field, value) in &timing.values {
                let Some(column) = columns.of(*field) else { continue };
                let now = holds(row, column).map(shown).unwrap_or_default();
                if now != shown(value) {
                    changes.cells.push(Change { row, column, value: value.clone() });
                }
            }
        }
        let run_steps: BTreeSet<_> = timings.iter().map(|timing| timing.step.as_str()).collect();
        let in_run = |step: &&StepRecord| run_steps.contains(step.id.as_str());
        changes.lost = places.lost.into_iter().filter(in_run).collect();
        if !changes.cells.is_empty() {
            changes.cells.extend(columns.added);
        }
        changes.cells.sort_by_key(|change| (change.row, change.column));
        changes
    }
}
