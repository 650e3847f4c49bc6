use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use starlark::eval::Evaluator;

/// The most memory that the values of one script take, in bytes.
const MOST_MEMORY: usize = 64 << 20;
/// The most calls that stand in each other.
const DEEPEST_CALLS: usize = 50;
/// How long reading a file may take: it makes functions and a few constants.
const LONGEST_READING: Duration = Duration::from_secs(5);

/// How far a script may go.
pub(crate) struct Limits {
    stopped: Arc<AtomicBool>,
    until: Option<Instant>,
}

impl Limits {
    /// For a file that is read while planning.
    pub(crate) fn of_reading() -> Self {
        Self { stopped: Arc::default(), until: Some(Instant::now() + LONGEST_READING) }
    }

    /// For work on a host, which whoever holds `stopped` ends.
    pub(crate) fn of_work(stopped: Arc<AtomicBool>) -> Self {
        Self { stopped, until: None }
    }

    /// Has an evaluator keep to them. Its own checks come every thousand steps.
    pub(crate) fn set(&self, eval: &mut Evaluator<'_, '_, '_>) -> starlark::Result<()> {
        eval.set_max_heap_size(MOST_MEMORY).map_err(starlark::Error::new_other)?;
        eval.set_max_callstack_size(DEEPEST_CALLS).map_err(starlark::Error::new_other)?;
        let (stopped, until) = (Arc::clone(&self.stopped), self.until);
        eval.set_check_cancelled(Box::new(move || {
            stopped.load(Ordering::Relaxed) || until.is_some_and(|until| Instant::now() > until)
        }));
        Ok(())
    }
}
