use std::error::Error;

use runsheet_events::{Position, RunEvent, RunStats};
use runsheet_model::RunId;
use thiserror::Error;

/// Somewhere that the events of runs go: a file, a database, a collector, people.
///
/// Making one does no I/O; it connects when it has something to deliver. It may block, on a thread of its own, but every wait in
/// it has a deadline. It is used for one run.
pub trait Sink: Send {
    /// Delivers consecutive events, oldest first; `view.stats` has them folded in. `Ok`: they are there for good.
    ///
    /// After an error the same events come again, perhaps from another process: delivering twice should give what
    /// delivering once gives, as far as the other side lets it. `events` is empty if there is nothing left but to be told that the run is over.
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError>;

    /// Is shown events that were delivered before, for a sink that folds them into a state of its own. Does no I/O.
    fn recall(&mut self, _events: &[RunEvent]) {}

    /// Comes about every second while the run goes on and everything is delivered, for a sink that watches the time.
    fn tick(&mut self, _view: &View<'_>) -> Result<(), SinkError> {
        Ok(())
    }

    /// What people should know although everything was delivered, in whole sentences without their ends; each is told once.
    fn remarks(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// A run, as a sink sees it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The run.
    pub run: RunId,
    /// The run so far, with the events that are being delivered.
    pub stats: &'a RunStats,
    /// Where the record goes on after these events.
    pub position: Position,
    /// Whether nothing follows: the run has ended, or whoever ran it is gone.
    pub over: bool,
}

/// Why something was not delivered. Neither the message nor its causes may hold a secret.
#[derive(Debug, Error)]
pub enum SinkError {
    /// It may go better in a while: nobody answered, there is no room.
    #[error("{what}")]
    Unavailable {
        /// What went wrong, as a lower-case fragment.
        what: String,
        /// Why.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// It will not go better until somebody changes something. It is not tried again in this run.
    #[error("{what}")]
    Refused {
        /// What went wrong, as a lower-case fragment.
        what: String,
        /// Why.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl SinkError {
    /// It may go better in a while.
    pub fn unavailable(what: impl Into<String>) -> Self {
        Self::Unavailable { what: what.into(), source: None }
    }

    /// It will not go better by itself.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::Refused { what: what.into(), source: None }
    }

    /// Adds what caused it.
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (Self::Unavailable { source, .. } | Self::Refused { source, .. }) = &mut self;
        *source = Some(cause.into());
        self
    }

    /// Whether trying again can help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
