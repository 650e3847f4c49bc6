use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Tells those who deliver that the run is over.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    over: Mutex<bool>,
    changed: Condvar,
}

impl Pulse {
    /// Says that nothing follows any more.
    pub(crate) fn end(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Whether nothing follows any more.
    pub(crate) fn is_over(&self) -> bool {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, and is woken by the end of the run.
    pub(crate) fn wait(&self, time: Duration) {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        // What it says is asked for again.
        _ = self.changed.wait_timeout_while(over, time, |over| !*over);
    }
}
