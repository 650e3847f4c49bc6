use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use runsheet_events::AttemptKey;
use runsheet_model::Debt;
use tokio::time::Instant;

/// How much of its time is left when something is opened again: a quarter, and at most this much.
const LONGEST_MARGIN: Duration = Duration::from_mins(10);
/// How often it is tried within that time.
const TRIES: u32 = 5;

/// A link of a step on a host, by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) step: usize,
    /// Of the host in the step.
    pub(crate) position: usize,
    pub(crate) link: usize,
}

/// What a link has opened in an earlier epoch.
#[derive(Clone, Debug)]
pub(crate) struct OpenPlace {
    pub(crate) place: Place,
    pub(crate) debts: Vec<Debt>,
    pub(crate) lasts: Duration,
}

/// For which host something is done, and on which, by their positions in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) host: usize,
    pub(crate) on: usize,
}

/// What is open and ends by itself, and when it is opened again: a downtime that the run still needs must not end under it.
///
/// Whether the run needs it is told by its debt alone: as long as nothing has closed that and the run goes on. A renewal and other work
/// for the same host on the same machine keep out of each other's way, since that work may be what closes it.
#[derive(Debug, Default)]
pub(crate) struct Renewals {
    held: BTreeMap<Place, Held>,
    /// Attempts under way for hosts that have something open.
    busy: HashMap<AttemptKey, Spot>,
}

#[derive(Debug)]
struct Held {
    spot: Spot,
    debts: Vec<Debt>,
    lasts: Duration,
    due: Instant,
    /// How often it was renewed.
    times: u32,
    is_under_way: bool,
}

impl Renewals {
    /// Whether nothing is open that ends by itself.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether something is being renewed.
    pub(crate) fn is_under_way(&self) -> bool {
        self.held.values().any(|held| held.is_under_way)
    }

    /// A link has opened something that lasts so long from `now` on.
    pub(crate) fn open(&mut self, place: Place, spot: Spot, debts: Vec<Debt>, lasts: Duration, now: Instant) {
        let times = self.held.get(&place).map_or(0, |held| held.times);
        let due = now + lasts.saturating_sub(margin(lasts));
        self.held.insert(place, Held { spot, debts, lasts, due, times, is_under_way: false });
    }

    /// An earlier epoch has left something open that lasts so long from a time that nobody knows: it is due at once.
    pub(crate) fn take_over(&mut self, place: Place, spot: Spot, debts: Vec<Debt>, lasts: Duration, now: Instant) {
        self.held.insert(place, Held { spot, debts, lasts, due: now, times: 0, is_under_way: false });
    }

    /// Debts of a host were closed.
    pub(crate) fn close(&mut self, host: usize, closed: &[Debt]) {
        for held in self.held.values_mut().filter(|held| held.spot.host == host) {
            held.debts.retain(|debt| !closed.contains(debt));
        }
        self.held.retain(|_, held| !held.debts.is_empty());
    }

    /// An attempt begins on a host.
    pub(crate) fn begin(&mut self, key: &AttemptKey, spot: Spot) {
        if self.held.values().any(|held| held.spot.host == spot.host) {
            self.busy.insert(key.clone(), spot);
        }
    }

    /// An attempt is over.
    pub(crate) fn end(&mut self, key: &AttemptKey) {
        self.busy.remove(key);
    }

    /// Whether an attempt has to wait for a renewal that is under way.
    pub(crate) fn stands_in_the_way(&self, spot: Spot) -> bool {
        self.held.values().any(|held| held.is_under_way && held.spot == spot)
    }

    /// When something is to be renewed next, if anything can be.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.held.values().filter(|held| self.may_begin(held)).map(|held| held.due).min()
    }

    /// What is to be renewed now, and for which time.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<(Place, u32)> {
        let due = self.held.iter().filter(|(_, held)| held.due <= now && self.may_begin(held));
        let due: Vec<_> = due.map(|(place, _)| *place).collect();
        let begin = |place| {
            let held = self.held.get_mut(&place)?;
            held.is_under_way = true;
            held.times += 1;
            Some((place, held.times))
        };
        due.into_iter().filter_map(begin).collect()
    }

    /// A renewal is over. One that failed is tried again soon.
    pub(crate) fn finish(&mut self, place: Place, is_good: bool, now: Instant) {
        let Some(held) = self.held.get_mut(&place) else { return };
        held.is_under_way = false;
        held.due = if is_good {
            now + held.lasts.saturating_sub(margin(held.lasts))
        } else {
            now + (margin(held.lasts) / TRIES).max(Duration::from_secs(1))
        };
    }

    fn may_begin(&self, held: &Held) -> bool {
        !held.is_under_way && !self.busy.values().any(|spot| *spot == held.spot)
    }
}

fn margin(lasts: Duration) -> Duration {
    (lasts / 4).min(LONGEST_MARGIN)
}

#[cfg(test)]
mod tests {
    use runsheet_model::{HostName, StepId};

    use super::*;

    const PLACE: Place = Place { step: 0, position: 3, link: 0 };
    const SPOT: Spot = Spot { host: 3, on: 9 };
    const MINUTE: Duration = Duration::from_mins(1);

    fn downtime() -> Vec<Debt> {
        vec![Debt("downtime web3".to_owned())]
    }

    fn attempt() -> AttemptKey {
        let (step, host) = (StepId::new("s").expect("an id"), HostName::new("web3").expect("a name"));
        AttemptKey { step, link: 1, host, attempt: 1 }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_renewed_before_it_ends_as_often_as_is_needed() {
        let (mut renewals, start) = (Renewals::default(), Instant::now());
        renewals.open(PLACE, SPOT, downtime(), 20 * MINUTE, start);
        assert_eq!(renewals.next_due(), Some(start + 15 * MINUTE));
        assert_eq!(renewals.take_due(start + 14 * MINUTE), []);
        assert_eq!(renewals.take_due(start + 15 * MINUTE), [(PLACE, 1)]);
        assert_eq!(renewals.next_due(), None);
        renewals.finish(PLACE, true, start + 16 * MINUTE);
        assert_eq!(renewals.next_due(), Some(start + 31 * MINUTE));
        assert_eq!(renewals.take_due(start + 31 * MINUTE), [(PLACE, 2)]);
        renewals.take_over(PLACE, SPOT, downtime(), 300 * MINUTE, start);
        assert_eq!(renewals.take_due(start), [(PLACE, 1)]);
        renewals.finish(PLACE, true, start);
        assert_eq!(renewals.next_due(), Some(start + 290 * MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_failed_is_tried_again_while_there_is_time() {
        let (mut renewals, start) = (Renewals::default(), Instant::now());
        renewals.open(PLACE, SPOT, downtime(), 20 * MINUTE, start);
        renewals.take_due(start + 15 * MINUTE);
        renewals.finish(PLACE, false, start + 15 * MINUTE);
        assert_eq!(renewals.next_due(), Some(start + 16 * MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_closed_is_renewed_no_more_and_what_may_close_it_is_waited_for() {
        let (mut renewals, start) = (Renewals::default(), Instant::now());
        renewals.open(PLACE, SPOT, downtime(), 20 * MINUTE, start);
        renewals.begin(&attempt(), SPOT);
        assert_eq!((renewals.next_due(), renewals.take_due(start + 15 * MINUTE)), (None, vec![]));
        renewals.end(&attempt());
        assert_eq!(renewals.take_due(start + 15 * MINUTE).len(), 1);
        assert!(renewals.stands_in_the_way(SPOT) && !renewals.stands_in_the_way(Spot { host: 3, on: 3 }));
        renewals.close(4, &downtime());
        assert!(renewals.is_under_way());
        renewals.close(3, &downtime());
        assert!(renewals.is_empty() && !renewals.stands_in_the_way(SPOT));
    }

    #[tokio::test(start_paused = true)]
    async fn work_elsewhere_is_in_nobodys_way() {
        let (mut renewals, start) = (Renewals::default(), Instant::now());
        renewals.open(PLACE, SPOT, downtime(), 20 * MINUTE, start);
        renewals.begin(&attempt(), Spot { host: 3, on: 3 });
        assert_eq!(renewals.take_due(start + 15 * MINUTE).len(), 1);
    }
}
