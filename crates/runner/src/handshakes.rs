use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::climb::Climb;

/// How many handshakes may be under way at once, where that is found out while they go on.
///
/// It is apart from forks, which say on how many hosts work is done. More at once is faster as long as all wait for the network; it is
/// slower once a processor has enough to do, here or on a jump host. See [`Climb`] for how the number is found.
#[derive(Debug)]
pub(crate) struct Handshakes {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    climb: Climb,
    /// Places that are taken, by those who shake hands and by those who are connected and wait for a fork.
    taken: usize,
    /// Of these, those who shake hands.
    shaking: usize,
    now: VecDeque<oneshot::Sender<Place>>,
    ahead: VecDeque<oneshot::Sender<Place>>,
}

/// Who wants a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Somebody who waits for the connection.
    Now,
    /// Somebody who will want it soon: comes after all others.
    Ahead,
}

/// The right to shake hands, and then to be connected and wait for a fork. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    of: Arc<Handshakes>,
    shaking: bool,
}

impl Handshakes {
    /// Begins with so many at once, and never has more than `most`. Both are at least 1.
    pub(crate) fn new(start: usize, most: usize) -> Arc<Self> {
        let state = State {
            climb: Climb::new(start, most),
            taken: 0,
            shaking: 0,
            now: VecDeque::new(),
            ahead: VecDeque::new(),
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// Waits for a place. Dropping the future gives up the wait.
    pub(crate) async fn place(self: &Arc<Self>, want: Want) -> Place {
        let receiver = {
            let mut state = self.state();
            if state.taken < state.climb.limit()
                && state.now.is_empty()
                && (want == Want::Now || state.ahead.is_empty())
            {
                state.taken += 1;
                state.shaking += 1;
                return Place { of: self.clone(), shaking: true };
            }
            let (sender, receiver) = oneshot::channel();
            match want {
                Want::Now => state.now.push_back(sender),
                Want::Ahead => state.ahead.push_back(sender),
            }
            receiver
        };
        receiver.await.expect("those who wait are given a place, in their turn")
    }

    /// Gives free places to those who wait.
    fn serve(self: &Arc<Self>) {
        loop {
            let next = {
                let mut state = self.state();
                if state.taken >= state.climb.limit() {
                    return;
                }
                let Some(next) = state.next() else { return };
                state.taken += 1;
                state.shaking += 1;
                next
            };
            // Outside of the lock: somebody who gives up the wait in this moment drops the place, which takes the lock.
            _ = next.send(Place { of: self.clone(), shaking: true });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Who is next. Those who gave up the wait are passed over here, all at once: each place that was given to one of them and came back
    /// would stand on the stack of the one before.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        for waiting in [&mut self.now, &mut self.ahead] {
            while let Some(next) = waiting.pop_front() {
                if !next.is_closed() {
                    return Some(next);
                }
            }
        }
        None
    }
}

impl Place {
    /// Takes note that the handshake is done. The place is kept.
    pub(crate) fn connected(&mut self) {
        if !std::mem::take(&mut self.shaking) {
            return;
        }
        {
            let mut state = self.of.state();
            state.shaking -= 1;
            // Where nobody waits, or most have done and wait for forks, it is not handshakes that take the time.
            let is_bound = !state.now.is_empty() && state.shaking * 4 >= state.taken * 3;
            state.climb.done(is_bound);
        }
        self.of.serve();
    }

    /// Takes note that the server had no room for one more.
    pub(crate) fn turned_away(&self) {
        self.of.state().climb.turned_away();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.of.state();
            state.taken -= 1;
            state.shaking -= usize::from(self.shaking);
        }
        self.of.serve();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// Shakes hands with so many hosts, and tells how long that took and how many it did at once in the end.
    async fn shake(handshakes: &Arc<Handshakes>, hosts: usize, takes: impl Fn(usize) -> Duration) -> (Duration, usize) {
        let started = Instant::now();
        let at_once = AtomicUsize::new(0);
        join_all((0..hosts).map(|_| async {
            let mut place = handshakes.place(Want::Now).await;
            let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
            sleep(takes(now)).await;
            at_once.fetch_sub(1, Ordering::SeqCst);
            place.connected();
        }))
        .await;
        (started.elapsed(), handshakes.state().climb.limit())
    }

    #[tokio::test(start_paused = true)]
    async fn far_hosts_are_greeted_many_at_once() {
        let handshakes = Handshakes::new(32, 256);
        let (took, limit) = shake(&handshakes, 2_000, |_| Duration::from_millis(300)).await;
        assert_eq!(limit, 256);
        // 32 at once would have taken 19 s.
        assert!(took < Duration::from_secs(4), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_processor_has_enough_to_do_there_are_no_more_at_once() {
        let handshakes = Handshakes::new(32, 256);
        // Each takes its share of a processor that can do a hundred a second.
        let (took, limit) = shake(&handshakes, 2_000, |at_once| Duration::from_millis(10 * at_once as u64)).await;
        assert!(limit <= 64, "{limit}");
        assert!(took < Duration::from_secs(25), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn where_more_at_once_become_slower_it_goes_back() {
        let handshakes = Handshakes::new(32, 256);
        let (_, limit) = shake(&handshakes, 2_000, |_| Duration::from_millis(300)).await;
        assert_eq!(limit, 256);
        // Beyond a hundred at once they get into each other's way.
        let takes = |at_once: usize| Duration::from_millis(if at_once > 150 { 10 * at_once as u64 } else { 300 });
        let (_, limit) = shake(&handshakes, 2_000, takes).await;
        assert_eq!(limit, 128);
    }

    #[tokio::test]
    async fn a_server_without_room_is_asked_by_half_as_many() {
        let handshakes = Handshakes::new(8, 64);
        let places = join_all((0..8).map(|_| handshakes.place(Want::Now))).await;
        places[0].turned_away();
        drop(places);
        let places = join_all((0..4).map(|_| handshakes.place(Want::Now))).await;
        assert!(handshakes.place(Want::Now).now_or_never().is_none());
        drop(places);
    }

    #[tokio::test]
    async fn who_comes_ahead_of_time_lets_all_others_go_first() {
        let handshakes = Handshakes::new(1, 1);
        let first = handshakes.place(Want::Now).await;
        let mut ahead = Box::pin(handshakes.place(Want::Ahead));
        assert!(ahead.as_mut().now_or_never().is_none());
        let mut now = Box::pin(handshakes.place(Want::Now));
        assert!(now.as_mut().now_or_never().is_none());
        drop(first);
        assert!(ahead.as_mut().now_or_never().is_none());
        drop(now.await);
        drop(ahead.await);
    }

    #[tokio::test]
    async fn who_gives_up_the_wait_takes_no_place() {
        let handshakes = Handshakes::new(1, 1);
        let first = handshakes.place(Want::Now).await;
        let mut second = Box::pin(handshakes.place(Want::Now));
        assert!(second.as_mut().now_or_never().is_none());
        let mut third = Box::pin(handshakes.place(Want::Now));
        assert!(third.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        drop(third.await);
    }

    #[tokio::test]
    async fn ever_so_many_may_give_up_the_wait() {
        let handshakes = Handshakes::new(1, 1);
        let first = handshakes.place(Want::Now).await;
        for _ in 0..200_000 {
            assert!(handshakes.place(Want::Now).now_or_never().is_none());
        }
        drop(first);
        drop(handshakes.place(Want::Now).await);
    }
}
