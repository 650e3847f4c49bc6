use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Whether anything has come from a host lately, for those who wait for it together with others.
///
/// Clones tell of the same host. Whoever connects to it gives the [`sign`](Self::sign)s; a connector that gives none has a host
/// that says nothing until it is connected.
#[derive(Clone, Debug)]
pub struct SignsOfLife {
    started: Instant,
    /// When the last one came, in µs from the start; 0 is never.
    last: Arc<AtomicU64>,
}

impl Default for SignsOfLife {
    fn default() -> Self {
        Self { started: Instant::now(), last: Arc::default() }
    }
}

impl SignsOfLife {
    /// Something has come.
    pub fn sign(&self) {
        let elapsed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(elapsed.max(1), Ordering::Relaxed);
    }

    /// When something came last, if anything ever did.
    pub fn last(&self) -> Option<Instant> {
        match self.last.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(self.started + Duration::from_micros(micros)),
        }
    }

    /// Waits until nothing has come for so long, from now on at the earliest.
    pub async fn silence(&self, of: Duration) {
        let from = Instant::now();
        loop {
            let quiet_from = self.last().map_or(from, |last| last.max(from));
            tokio::time::sleep_until(quiet_from + of).await;
            if self.last().is_none_or(|last| last <= quiet_from) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_begins_with_the_last_sign() {
        let signs = SignsOfLife::default();
        let giving = signs.clone();
        tokio::spawn(async move {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(700)).await;
                giving.sign();
            }
        });
        let started = Instant::now();
        signs.silence(Duration::from_secs(1)).await;
        assert_eq!(started.elapsed().as_millis(), 4_500);
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_gives_a_sign_is_silent_from_the_start() {
        let signs = SignsOfLife::default();
        assert_eq!(signs.last(), None);
        let started = Instant::now();
        signs.silence(Duration::from_secs(1)).await;
        assert_eq!(started.elapsed().as_secs(), 1);
    }
}
