use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use runsheet_events::{HostResult, StepStats, words};
use runsheet_model::{HostName, visible};
use runsheet_workbook::csv_safe;

use crate::Report;
use crate::context::utc;
use crate::step_report::HostReport;

/// What happens to a cell that a spreadsheet would take for a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// A `'` goes before it, so that it stays text ([`csv_safe`], CWE-1236).
    Safe,
    /// It stays as it is; for programs that evaluate nothing.
    Raw,
}

/// The titles of the columns.
const COLUMNS: [&str; 17] = [
    "run",
    "sheet",
    "number",
    "step",
    "name",
    "owner",
    "host",
    "state",
    "value",
    "wave",
    "attempts",
    "started_at",
    "started_ms",
    "took_ms",
    "expect_ms",
    "forecast_ms",
    "message",
];

/// Writes a table with a row for each host of each step: RFC 4180, every cell in quotes, UTF-8, moments in UTC.
///
/// A manual step has one row without a host. Times are milliseconds; `started_ms` counts from the run's start.
pub fn csv(report: &Report, cells: Cells, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table { out, cells };
    table.row(&COLUMNS.map(str::to_owned))?;
    for (index, step) in report.told() {
        if step.planned.tasks.is_empty() {
            table.row(&manual(report, index, step))?;
        }
        let went = report.step(&step.planned.step);
        for (host, ended) in report.ended(&step.planned.step) {
            let went = went.and_then(|went| went.hosts.get(host));
            table.row(&row(report, index, step, host, Some(ended), went))?;
        }
        for host in step.running.keys() {
            let went = went.and_then(|went| went.hosts.get(host));
            table.row(&row(report, index, step, host, None, went))?;
        }
    }
    table.out.flush()
}

type Row = [String; COLUMNS.len()];

fn row(
    report: &Report,
    index: usize,
    step: &StepStats,
    host: &HostName,
    result: Option<&HostResult>,
    went: Option<&HostReport>,
) -> Row {
    let started = went.and_then(|went| went.spans.last()).map(|span| span.start);
    let mut row = beginning(report, index, step);
    row[6] = host.to_string();
    result.map_or("running", |result| words::state(&result.state)).clone_into(&mut row[7]);
    row[8] = result.map(|result| result.outcome.value.to_string()).unwrap_or_default();
    row[9] = went.filter(|went| went.wave > 0).map(|went| went.wave.to_string()).unwrap_or_default();
    row[10] = went.map_or(0, |went| went.tries).to_string();
    row[11] = started.and_then(|at| report.wall(at)).map(utc).unwrap_or_default();
    row[12] = started.map(ms).unwrap_or_default();
    row[13] = result.map(|result| ms(result.took)).unwrap_or_default();
    row[16] = result.map(|result| visible(result.outcome.message.as_bytes())).unwrap_or_default();
    row
}

fn manual(report: &Report, index: usize, step: &StepStats) -> Row {
    let mut row = beginning(report, index, step);
    let state = match (step.started, step.took) {
        (None, _) => "not begun",
        (_, None) => "running",
        _ => "over",
    };
    state.clone_into(&mut row[7]);
    row[11] = step.started.and_then(|at| report.wall(at)).map(utc).unwrap_or_default();
    row[12] = step.started.map(ms).unwrap_or_default();
    row[13] = step.took.map(ms).unwrap_or_default();
    row
}

/// What is the same for all hosts of a step.
fn beginning(report: &Report, index: usize, step: &StepStats) -> Row {
    let mut row = Row::default();
    if let Some(header) = &report.stats.header {
        row[0] = header.run.to_string();
        row[1] = visible(header.sheet.as_bytes());
    }
    row[2] = (index + 1).to_string();
    row[3] = step.planned.step.to_string();
    row[4] = visible(step.planned.name.as_bytes());
    row[5] = step.planned.owner.as_ref().map(|owner| visible(owner.as_bytes())).unwrap_or_default();
    row[14] = step.planned.expect_ms.map(|ms| ms.to_string()).unwrap_or_default();
    row[15] = step.planned.forecast_ms.map(|ms| ms.to_string()).unwrap_or_default();
    row
}

fn ms(time: Duration) -> String {
    time.as_millis().to_string()
}

struct Table<'a> {
    out: &'a mut dyn Write,
    cells: Cells,
}

impl Table<'_> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        for (place, cell) in row.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let cell = if self.cells == Cells::Safe { csv_safe(cell) } else { Cow::Borrowed(cell.as_str()) };
            write!(self.out, "{comma}\"{}\"", cell.replace('"', "\"\""))?;
        }
        self.out.write_all(b"\r\n")
    }
}
