use std::time::Duration;

use runsheet_task::Host;
use tokio::time::{Instant, sleep_until};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How much of the attempt's time is left over for saying what was seen last.
const MARGIN: Duration = Duration::from_secs(1);

/// Waits for something that is looked at again and again: ever longer pauses, of 250 ms to 2 s, until the time is up.
///
/// It ends a second before the attempt's deadline at the latest, so that the task itself can say what it waited for.
#[derive(Debug)]
pub(crate) struct Patience {
    started: Instant,
    until: Instant,
    latest: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new(host: &Host, wait: Duration) -> Self {
        let started = Instant::now();
        let latest = host.deadline().checked_sub(MARGIN).unwrap_or(started);
        Self { started, until: latest.min(started + wait), latest, pause: FIRST_PAUSE }
    }

    /// Pauses; returns whether another try is due. The last pause is cut short, so that the last try comes when the time is up.
    pub(crate) async fn pause(&mut self) -> bool {
        let now = Instant::now();
        if now >= self.until {
            return false;
        }
        sleep_until(self.until.min(now + self.pause)).await;
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
        true
    }

    /// How long one try may take that should take no more than `limit`: less if the attempt is over before.
    pub(crate) fn limit(&self, limit: Duration) -> Duration {
        limit.min(self.latest.saturating_duration_since(Instant::now())).max(FIRST_PAUSE)
    }

    /// How long it has been.
    pub(crate) fn waited(&self) -> Duration {
        self.started.elapsed()
    }
}
