use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use runsheet_events::RunEvent;
use runsheet_import::ImportRecord;
use runsheet_model::plural;

use super::changes::Changes;
use super::history::History;
use super::target::SheetTarget;
use super::timing;
use crate::{Sink, SinkError, View};

/// How many rows are told one by one.
const TOLD: usize = 50;

/// Writes the timing of a run to the rows of the spreadsheet from which its sheet came.
///
/// It writes when a step begins or ends, not more often than its pace, and at the end. What it writes follows from the run as a whole:
/// a write that was put off, failed, or was broken off by a crash is made good by the next one.
pub struct SheetSink {
    target: Box<dyn SheetTarget>,
    record: ImportRecord,
    zone: TimeZone,
    pace: Duration,
    history: History,
    /// Whether something happened that is not written.
    waiting: bool,
    written: Option<Instant>,
    remarks: Vec<String>,
}

impl SheetSink {
    /// How often a spreadsheet is written at most, unless it is said otherwise.
    pub const PACE: Duration = Duration::from_secs(10);

    /// Prepares to write; nothing is opened yet. Times are written as people of `zone` read them.
    pub fn new(target: Box<dyn SheetTarget>, record: ImportRecord, zone: TimeZone, pace: Duration) -> Self {
        let (history, remarks) = (History::default(), Vec::new());
        Self { target, record, zone, pace, history, waiting: false, written: None, remarks }
    }

    fn write_if_due(&mut self, view: &View<'_>) -> Result<(), SinkError> {
        let due = view.over || (self.waiting && self.written.is_none_or(|written| written.elapsed() >= self.pace));
        if due { self.write(view) } else { Ok(()) }
    }

    fn write(&mut self, view: &View<'_>) -> Result<(), SinkError> {
        // Also a write that fails counts: a spreadsheet that cannot be written is not asked all the time.
        self.written = Some(Instant::now());
        let tab = self.target.read(&self.record.steps.tab)?;
        let timings = timing::of(view.run, view.stats, &self.history, &self.zone);
        let changes = Changes::between(&tab, &self.record, view.run, &timings);
        if changes.found == 0 && !changes.lost.is_empty() {
            let what = "no row is what was imported: perhaps its columns were moved. Import it again";
            return Err(SinkError::refused(format!(
                "`{}`, tab `{}`: {what}",
                self.target.shown(),
                self.record.steps.tab
            )));
        }
        if !changes.cells.is_empty() {
            self.target.write(&self.record.steps.tab, &changes.cells)?;
        }
        self.waiting = false;
        self.remarks.extend(remarks(&changes, self.target.shown(), &self.record.steps.tab));
        Ok(())
    }
}

impl Sink for SheetSink {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        self.waiting |= self.history.apply(events);
        // A write that is put off is not lost: a run whose end was not written is not done, and its last write shows all of it.
        self.write_if_due(view)
    }

    fn recall(&mut self, events: &[RunEvent]) {
        self.history.apply(events);
    }

    fn tick(&mut self, view: &View<'_>) -> Result<(), SinkError> {
        self.write_if_due(view)
    }

    fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }
}

/// What of a run is not in the spreadsheet, row by row.
fn remarks(changes: &Changes<'_>, file: &str, tab: &str) -> Vec<String> {
    let lost = changes.lost.iter().map(|step| {
        let (row, step) = (step.row, &step.id);
        format!("`{file}`, tab `{tab}`, row {row}: it was changed since the import, and the timing of step `{step}` is not written there; import it again")
    });
    let later = changes
        .later
        .iter()
        .map(|(row, run)| format!("`{file}`, tab `{tab}`, row {row}: it shows the later run {run}, and keeps it"));
    let all = changes.lost.len() + changes.later.len();
    let mut remarks: Vec<String> = lost.chain(later).take(TOLD).collect();
    if all > TOLD {
        remarks.push(format!("`{file}`, tab `{tab}`: the same is true of {} more", plural(all - TOLD, "row")));
    }
    remarks
}
