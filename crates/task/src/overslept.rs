//! Deadlines that pass while this process is stopped.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

/// A timer that is so late says that this process was stopped meanwhile (SIGSTOP, Ctrl-Z, a machine that slept): hosts went on.
pub const OVERSLEPT: Duration = Duration::from_secs(2);

/// How long is read then what has come meanwhile, before time is called out.
pub const MOMENT: Duration = Duration::from_secs(5);

/// Waits until a deadline, and a moment longer if it passed while this process was stopped.
pub async fn awake_until(deadline: Instant) {
    sleep_until(deadline).await;
    if deadline.elapsed() > OVERSLEPT {
        sleep(MOMENT).await;
    }
}
