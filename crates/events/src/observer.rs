use std::sync::Arc;

use thiserror::Error;

use crate::RunEvent;

/// Somebody who watches a run: the terminal, a stream of JSON. It sees every event once it is durable, in order.
///
/// An observer must not block: one that writes to something slow hands its events to a thread of its own.
pub trait Observer: Send {
    /// Takes note of one event.
    fn observe(&mut self, event: &Arc<RunEvent>) -> Result<(), ObserveError>;

    /// Writes what is left, once the run is over.
    fn finish(self: Box<Self>) -> Result<(), ObserveError>;
}

/// Why an observer can watch no longer. It never fails a run: the observer is dropped and a warning is recorded.
#[derive(Debug, Error)]
pub enum ObserveError {
    /// Whoever read the output is gone (a closed pager or pipe).
    #[error("nobody reads {what} any more")]
    ReaderGone {
        /// What was being written, such as `standard output`.
        what: &'static str,
    },
    /// It could not be written.
    #[error("failed to write {what}")]
    Write {
        /// What was being written.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
}
