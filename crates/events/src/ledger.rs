use std::sync::Arc;

use thiserror::Error;
use tokio::sync::watch;

use crate::RunEvent;

/// Where the events of a run become durable: the barrier between meaning to do something and doing it.
///
/// The dispatcher appends and never waits; it watches [`Ledger::durability`] and acts on an event only once the event is
/// durable: an intent then releases its exec permit, an outcome then reaches statistics, policy and observers. One watch for
/// all events costs one wake-up a group of events, not one an event.
pub trait Ledger: Send + Sync {
    /// Takes an event to be recorded, in order, and returns at once.
    fn append(&self, event: Arc<RunEvent>) -> Result<(), LedgerError>;

    /// Tells how far the record is durable, and whether it still can be written.
    fn durability(&self) -> watch::Receiver<Durability>;
}

/// How far a record is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every event up to this position survives a power loss. 0: none so far.
    UpTo(u64),
    /// The record cannot be written any more; events after this position are not durable and never will be.
    Failed {
        /// The last durable position.
        durable: u64,
        /// Why.
        reason: String,
    },
}

/// Why an event could not be taken.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The writer has ended, after an error that [`Durability::Failed`] tells.
    #[error("the journal's writer has stopped")]
    Stopped,
}

/// A place in a run's record, for readers who come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Offset in bytes of the next line to be read.
    pub offset: u64,
    /// The last event that was read; 0 for none.
    pub seq: u64,
}

/// The record of a run, for readers who keep their own position (sinks, `show`, `replay`).
pub trait EventLog: Send + Sync {
    /// Reads what stands after a position, at most `limit` events, and where to go on.
    fn read_from(&self, position: Position, limit: usize) -> std::io::Result<(Vec<RunEvent>, Position)>;
}
