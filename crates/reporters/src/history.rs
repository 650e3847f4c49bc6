use std::time::Duration;

use anstyle::Style;
use runsheet_model::{RunId, format_duration};

use crate::{Column, Palette, Table};

/// A run, as `history` lists it.
#[derive(Clone, Debug)]
pub struct HistoryRow {
    /// The run.
    pub run: RunId,
    /// When it started, as people of this place write it.
    pub when: String,
    /// Name of its sheet.
    pub sheet: String,
    /// How many steps.
    pub steps: usize,
    /// How many hosts.
    pub hosts: usize,
    /// How it ended, such as `ok` or `2 failed`.
    pub result: String,
    /// Whether that is good.
    pub good: bool,
    /// How long it took, if it is over.
    pub took: Option<Duration>,
}

/// Lists runs in a table, cut to a width if one is given.
pub fn history(rows: &[HistoryRow], width: Option<usize>, palette: &Palette) -> String {
    let mut table = Table::new([
        Column::whole("run"),
        Column::left("when"),
        Column::left("sheet"),
        Column::right("steps"),
        Column::right("hosts"),
        Column::whole("result"),
        Column::right("took"),
    ]);
    for row in rows {
        table.styled_row([
            (row.run.short(), palette.strong),
            (row.when.clone(), Style::new()),
            (row.sheet.clone(), Style::new()),
            (row.steps.to_string(), Style::new()),
            (row.hosts.to_string(), Style::new()),
            (row.result.clone(), if row.good { palette.good } else { palette.bad }),
            (row.took.map_or_else(|| "-".to_owned(), format_duration), Style::new()),
        ]);
    }
    table.render(width, palette)
}
