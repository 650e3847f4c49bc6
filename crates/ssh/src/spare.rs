use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use russh::Channel;
use russh::client::Msg;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::link::{CHANNELS, Link};

/// From here on it is worth having a channel ready: opening one takes a round trip, which is all that a second command waits for before it
/// can be sent.
const FAR: Duration = Duration::from_millis(5);

/// For how long a channel is kept ready. Servers may close those on which nothing happens (`ChannelTimeout`), and a command that is sent
/// on one at that moment would be lost.
const FRESH: Duration = Duration::from_secs(20);

/// A session channel of a connection to a far host that is opened before somebody needs it.
#[derive(Default)]
pub(crate) struct Spare {
    state: Mutex<State>,
    /// It is worth it.
    is_far: AtomicBool,
    /// The host has no room for one that is not used.
    refused: AtomicBool,
}

#[derive(Default)]
enum State {
    #[default]
    None,
    Opening,
    Ready {
        channel: Box<Channel<Msg>>,
        place: OwnedSemaphorePermit,
        since: Instant,
    },
}

impl Spare {
    /// Gives out the channel and its place if one is ready.
    pub(crate) fn take(&self) -> Option<(Channel<Msg>, OwnedSemaphorePermit)> {
        let mut state = self.state();
        if !matches!(*state, State::Ready { .. }) {
            return None;
        }
        let State::Ready { mut channel, place, since } = std::mem::take(&mut *state) else { return None };
        drop(state);
        // Whatever was said on it says that it is not what it was.
        if since.elapsed() < FRESH && channel.wait().now_or_never().is_none() {
            return Some((*channel, place));
        }
        tokio::spawn(async move {
            // It fails when the connection is down, or the host has closed it.
            let _ = channel.close().await;
            drop(place);
        });
        None
    }

    /// Takes note of how long it took to open a channel.
    pub(crate) fn note_round_trip(&self, took: Duration) {
        self.is_far.store(took >= FAR, Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the next channel in the background if the host is so far away that this is worth it, and has room for it.
pub(crate) fn keep_one(link: &Arc<Link>, limit: Duration) {
    let spare = link.spare();
    let is_wanted = spare.is_far.load(Ordering::Acquire) && !spare.refused.load(Ordering::Acquire);
    if !is_wanted || link.slots().available_permits() < CHANNELS / 2 {
        return;
    }
    let place = {
        let mut state = spare.state();
        let (State::None, Ok(place)) = (&*state, Arc::clone(link.slots()).try_acquire_owned()) else { return };
        *state = State::Opening;
        place
    };
    let link = Arc::clone(link);
    tokio::spawn(async move {
        let opened = {
            let _waits = link.wait_for_channel();
            tokio::time::timeout(limit, link.open_session()).await
        };
        let spare = link.spare();
        *spare.state() = if let Ok(Ok(channel)) = opened {
            State::Ready { channel: Box::new(channel), place, since: Instant::now() }
        } else {
            spare.refused.store(true, Ordering::Release);
            State::None
        };
    });
}
