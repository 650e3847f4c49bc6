use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::SystemTime;

use runsheet_diagnostics::{Hint, Hints, in_one_line};
use runsheet_events::{EventLog, Position, RunEvent, RunStats};
use runsheet_model::{RunId, visible};
use thiserror::Error;

use crate::{Sink, SinkError, Standing, StandingError, StandingFile, View};

/// How many events a sink is handed at once. An event has at most some hundred kilobytes, mostly some hundred bytes.
const BATCH: usize = 256;

/// How much is kept of what a sink said, in characters.
const WHY: usize = 1000;

/// Brings the record of a run to a sink, from where it has got to.
///
/// It is used by one thread, and holds the lock of the sink's file: no other process delivers to it meanwhile.
pub struct Drive {
    log: Arc<dyn EventLog>,
    run: RunId,
    sink: Box<dyn Sink>,
    file: StandingFile,
    stats: RunStats,
    /// How far `stats` and the sink's own state have come.
    folded: Position,
    /// What was read after the sink's position and is not delivered; it is folded in.
    batch: Vec<RunEvent>,
}

/// Why a sink has got no further.
#[derive(Debug, Error)]
pub enum DriveError {
    /// It has not taken what it was handed.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// It broke. It is not used again in this run.
    #[error("it broke: {what}")]
    Broke {
        /// What it said.
        what: String,
    },
    /// The record of the run cannot be read.
    #[error("failed to read the record of the run")]
    Log(#[source] io::Error),
    /// It cannot be kept how far it has got.
    #[error(transparent)]
    Standing(#[from] StandingError),
}

impl DriveError {
    /// Whether trying again can help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Sink(error) => error.is_passing(),
            Self::Broke { .. } => false,
            Self::Log(_) | Self::Standing(_) => true,
        }
    }
}

impl Hint for DriveError {
    fn hints(&self) -> Hints {
        match self {
            Self::Standing(error) => error.hints(),
            Self::Sink(_) | Self::Broke { .. } | Self::Log(_) => Hints::none(),
        }
    }
}

impl Drive {
    /// Begins, or goes on where the file says. Nothing is read or delivered yet.
    pub fn new(log: Arc<dyn EventLog>, run: RunId, sink: Box<dyn Sink>, file: StandingFile) -> Self {
        let (stats, folded) = (RunStats::default(), Position::default());
        Self { log, run, sink, file, stats, folded, batch: Vec::new() }
    }

    /// How far it has got.
    pub fn standing(&self) -> &Standing {
        self.file.standing()
    }

    /// Delivers everything that is recorded by now. With `over` nothing follows, and the sink is told so.
    ///
    /// Gives the number of events that were delivered. After an error it may be called again: it goes on with what failed.
    pub fn catch_up(&mut self, over: bool) -> Result<u64, DriveError> {
        let before = self.standing().seq;
        let result = self.deliver_all(over);
        if let Err(error) = &result {
            let why = visible(in_one_line(error).chars().take(WHY).collect::<String>().as_bytes());
            // If even this cannot be written, the run's end still tells it.
            _ = self.file.update(false, |standing| standing.failed(why, SystemTime::now()));
        }
        result.map(|()| self.standing().seq - before)
    }

    /// Lets the sink watch the time. Nothing comes of it unless everything is delivered.
    pub fn tick(&mut self) -> Result<(), DriveError> {
        if !self.batch.is_empty() || self.standing().trouble.is_some() {
            return Ok(());
        }
        let view = View { run: self.run, stats: &self.stats, position: self.folded, over: false };
        let sink = &mut self.sink;
        guarded(|| sink.tick(&view))
    }

    /// What the sink wants people to know.
    pub fn remarks(&mut self) -> Vec<String> {
        let sink = &mut self.sink;
        catch_unwind(AssertUnwindSafe(|| sink.remarks())).unwrap_or_default()
    }

    fn deliver_all(&mut self, over: bool) -> Result<(), DriveError> {
        self.recall()?;
        loop {
            let full = self.read()?;
            let ends = over && !full;
            let closed = self.standing().closed;
            if self.batch.is_empty() && (!ends || closed) {
                return Ok(());
            }
            self.deliver(ends)?;
            if !full {
                return Ok(());
            }
        }
    }

    /// Folds in what was delivered before, by another process.
    fn recall(&mut self) -> Result<(), DriveError> {
        let to = self.standing().position();
        while self.folded < to {
            let limit = usize::try_from(to.seq - self.folded.seq).unwrap_or(BATCH).min(BATCH);
            let (events, position) = self.log.read_from(self.folded, limit).map_err(DriveError::Log)?;
            if events.is_empty() {
                let short = io::Error::new(io::ErrorKind::UnexpectedEof, "it has fewer events than were delivered");
                return Err(DriveError::Log(short));
            }
            for event in &events {
                self.stats.apply(event);
            }
            let sink = &mut self.sink;
            guarded(|| {
                sink.recall(&events);
                Ok(())
            })?;
            self.folded = position;
        }
        Ok(())
    }

    /// Reads the next batch, unless one is waiting. Tells whether more may follow it.
    fn read(&mut self) -> Result<bool, DriveError> {
        let standing = self.file.standing();
        let again = standing.under_way.map(|last| last.saturating_sub(standing.seq));
        let limit = again.and_then(|count| usize::try_from(count).ok()).map_or(BATCH, |count| count.clamp(1, BATCH));
        if self.batch.is_empty() {
            let (events, position) = self.log.read_from(self.folded, limit).map_err(DriveError::Log)?;
            for event in &events {
                self.stats.apply(event);
            }
            self.batch = events;
            self.folded = position;
        }
        Ok(self.batch.len() >= limit)
    }

    fn deliver(&mut self, over: bool) -> Result<(), DriveError> {
        if let Some(last) = self.batch.last().map(|event| event.seq)
            && self.standing().under_way != Some(last)
        {
            self.file.update(false, |standing| standing.under_way = Some(last))?;
        }
        let view = View { run: self.run, stats: &self.stats, position: self.folded, over };
        let (sink, batch) = (&mut self.sink, &self.batch);
        guarded(|| sink.deliver(&view, batch))?;
        self.batch.clear();
        let to = self.folded;
        Ok(self.file.update(true, |standing| standing.advance(to, over))?)
    }
}

/// Calls a sink: what breaks in it must not break the run.
fn guarded(call: impl FnOnce() -> Result<(), SinkError>) -> Result<(), DriveError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => Ok(result?),
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().copied().map(str::to_owned);
            let what = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a bug".to_owned());
            Err(DriveError::Broke { what })
        }
    }
}
