use std::thread;
use std::time::{Duration, Instant};

use crate::GoogleError;

/// How often something is tried at most.
const MOST: usize = 7;

/// The longest pause between two tries, unless the other side asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// Tries requests again until they go well: each a bounded number of times, with growing pauses, and never beyond their common deadline.
#[derive(Debug)]
pub(crate) struct Attempts {
    deadline: Instant,
    first_pause: Duration,
}

/// How one try failed.
pub(crate) struct Setback {
    /// What is told if it was the last one; it is given how many were made.
    pub(crate) error: Box<dyn Fn(usize) -> GoogleError>,
    /// How long the other side wants to be left alone.
    pub(crate) after: Option<Duration>,
    /// Whether another try makes sense.
    pub(crate) again: bool,
}

impl Setback {
    /// One after which nothing is tried any more.
    pub(crate) fn last(error: GoogleError) -> Self {
        Self { error: Box::new(move |_| error.clone()), after: None, again: false }
    }
}

impl Attempts {
    pub(crate) fn new(total: Duration, first_pause: Duration) -> Self {
        Self { deadline: Instant::now() + total, first_pause }
    }

    /// Tries until it goes well, fails for good, or there is no time left. `once` is given how long it may take.
    pub(crate) fn run<T>(
        &self,
        limit: Duration,
        mut once: impl FnMut(Duration) -> Result<T, Setback>,
    ) -> Result<T, GoogleError> {
        let mut usual = self.first_pause;
        let mut made = 0;
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            made += 1;
            let setback = match once(limit.min(left).max(Duration::from_millis(1))) {
                Ok(value) => return Ok(value),
                Err(setback) => setback,
            };
            let pause = by_chance(usual).max(setback.after.unwrap_or_default());
            usual = (usual * 2).min(LONGEST_PAUSE);
            let left = self.deadline.saturating_duration_since(Instant::now());
            if !setback.again || made >= MOST || pause >= left {
                return Err((setback.error)(made));
            }
            thread::sleep(pause);
        }
    }
}

/// A pause of which up to a half is left to chance, so that programs that were refused together do not come back together.
fn by_chance(usual: Duration) -> Duration {
    let part = getrandom::u32().map_or(0, |random| random % 1000);
    usual / 2 + (usual / 2) * part / 1000
}
