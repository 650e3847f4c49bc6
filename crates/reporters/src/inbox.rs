use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use runsheet_events::{DisplayLine, RunEvent};

/// Lines that wait to be shown may hold this many bytes together.
const ROOM: usize = 4 << 20;

/// What a line costs beside its text.
const LINE_COST: usize = 128;

/// What waits to be shown, in order: events without bound (they are few), lines with one.
///
/// The lock is held for the time of one push or one swap and never while something is written, so that whoever pushes can
/// never be held up by whoever draws.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    /// Something to do for the thread that draws.
    arrived: Condvar,
    /// The thread that draws has done something that others wait for.
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    bytes: usize,
    dropped: u64,
    closed: bool,
    pauses: usize,
    at_rest: bool,
}

/// One thing to be shown.
#[derive(Debug)]
pub(crate) enum Message {
    Event(Arc<RunEvent>),
    Line(DisplayLine),
}

/// What was waiting.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) messages: VecDeque<Message>,
    /// Lines that found no room after these messages.
    pub(crate) dropped: u64,
    /// Whether a person is about to be asked: the display has to come to rest.
    pub(crate) pause: bool,
    /// Whether this is all there will ever be.
    pub(crate) last: bool,
}

impl Inbox {
    /// Takes an event. False: nobody draws any more.
    pub(crate) fn event(&self, event: Arc<RunEvent>) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.messages.push_back(Message::Event(event));
        self.arrived.notify_one();
        true
    }

    /// Takes a line, or counts it as dropped.
    pub(crate) fn line(&self, line: DisplayLine) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let cost = line.line.len() + LINE_COST;
        if state.bytes + cost > ROOM {
            state.dropped += 1;
            return;
        }
        state.bytes += cost;
        state.messages.push_back(Message::Line(line));
        self.arrived.notify_one();
    }

    /// Takes a line as soon as there is room for it.
    pub(crate) fn line_in_time(&self, line: DisplayLine) {
        let cost = line.line.len() + LINE_COST;
        let mut state = self.lock();
        while state.bytes + cost > ROOM && !state.closed {
            state = wait(&self.settled, state);
        }
        drop(state);
        self.line(line);
    }

    /// Waits for something to do: for messages (not before `earliest`, unless they fill half of the room), until `latest`,
    /// for a pause, or for the end.
    pub(crate) fn take(&self, earliest: Instant, latest: Option<Instant>) -> Batch {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let paused = state.pauses > 0 && !state.closed;
            let due = if paused {
                if !state.at_rest {
                    break;
                }
                None
            } else if state.closed || state.bytes > ROOM / 2 {
                break;
            } else if state.messages.is_empty() {
                latest
            } else {
                Some(latest.map_or(earliest, |latest| latest.min(earliest)))
            };
            state = match due {
                None => wait(&self.arrived, state),
                Some(due) if due <= now => break,
                Some(due) => wait_for(&self.arrived, state, due - now),
            };
        }
        state.bytes = 0;
        let batch = Batch {
            messages: std::mem::take(&mut state.messages),
            dropped: std::mem::take(&mut state.dropped),
            pause: state.pauses > 0 && !state.closed,
            last: state.closed,
        };
        self.settled.notify_all();
        batch
    }

    /// Says that the display has come to rest.
    pub(crate) fn rest(&self) {
        let mut state = self.lock();
        // Whoever asked for it may have given up and gone on.
        state.at_rest = state.pauses > 0;
        drop(state);
        self.settled.notify_all();
    }

    /// Asks for rest and waits for it, at most `limit`. Whether the display has come to rest in time.
    pub(crate) fn pause(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.lock();
        state.pauses += 1;
        self.arrived.notify_one();
        while !state.at_rest && !state.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = wait_for(&self.settled, state, left);
        }
        true
    }

    /// Ends a pause.
    pub(crate) fn resume(&self) {
        let mut state = self.lock();
        state.pauses = state.pauses.saturating_sub(1);
        if state.pauses == 0 {
            state.at_rest = false;
        }
        self.arrived.notify_one();
    }

    /// Lets nothing more in. What is there is still shown.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
        self.settled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    condition.wait(state).unwrap_or_else(PoisonError::into_inner)
}

fn wait_for<'a>(condition: &Condvar, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
    condition.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
}
