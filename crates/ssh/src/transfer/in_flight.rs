use std::time::Duration;

use tokio::time::Instant;

use super::CHUNK;

/// Requests under way at once on the way to a near host. More would fill sshd's window, which costs it four times the work.
pub(super) const FEWEST: usize = 16;

/// The most, and with it what a transfer holds: 8 MiB, which fills 160 MiB/s at 50 ms.
const MOST: usize = 256;

/// From here on a host is far: what is under way covers the time that an answer takes.
const FAR: Duration = Duration::from_millis(2);

/// How many requests of one transfer are under way at once.
///
/// A near host needs few. On the way to a far one it is twice what the way holds by what has been seen: how much was answered in a
/// while, times the shortest time that an answer took. So it doubles each round trip until something else is the limit, and
/// many hosts that share a line have little under way each.
pub(super) struct InFlight {
    most: usize,
    shortest: Duration,
    /// When the present round began, and the bytes that were answered since.
    round: Instant,
    answered: u64,
}

impl InFlight {
    /// Starts with how long an answer has taken at which nothing else was under way.
    pub(super) fn new(round_trip: Duration) -> Self {
        Self { most: FEWEST, shortest: round_trip, round: Instant::now(), answered: 0 }
    }

    /// How many may be under way.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Takes note of an answer that `bytes` of the file were moved by, and of when that was asked.
    pub(super) fn answered(&mut self, asked: Instant, bytes: u64) {
        self.answered_at(Instant::now(), asked, bytes);
    }

    fn answered_at(&mut self, now: Instant, asked: Instant, bytes: u64) {
        self.shortest = self.shortest.min(now - asked);
        self.answered += bytes;
        let took = now - self.round;
        if took < self.shortest.max(FAR) {
            return;
        }
        self.most = if self.shortest < FAR {
            FEWEST
        } else {
            let chunks = u128::from(self.answered / u64::from(CHUNK)) * 2 * self.shortest.as_micros();
            let wanted = chunks / took.as_micros().max(1);
            usize::try_from(wanted).unwrap_or(MOST).clamp(FEWEST, MOST)
        };
        self.round = now;
        self.answered = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is under way after a while on a line of so many bytes a second.
    fn after(rounds: u32, round_trip: Duration, rate: u64) -> usize {
        let mut in_flight = InFlight::new(round_trip);
        let mut now = in_flight.round;
        for _ in 0..rounds {
            let bytes = in_flight.most() as u64 * u64::from(CHUNK);
            let carried = Duration::from_micros(bytes * 1_000_000 / rate);
            let asked = now;
            now += round_trip.max(carried);
            in_flight.answered_at(now, asked, bytes);
        }
        in_flight.most()
    }

    #[test]
    fn it_grows_on_a_long_way_only_and_as_far_as_the_way_holds() {
        let (near, far) = (Duration::from_micros(300), Duration::from_millis(50));
        assert_eq!(after(100, near, 400 << 20), FEWEST);
        assert_eq!(after(100, far, 1 << 20), FEWEST, "a narrow line");
        assert_eq!(after(1, far, 1 << 40), 2 * FEWEST);
        assert_eq!(after(20, far, 1 << 40), MOST);
        // 40 MiB/s for 50 ms are 64 requests.
        assert!((120..=128).contains(&after(20, far, 40 << 20)), "{}", after(20, far, 40 << 20));
    }
}
