use std::collections::{BTreeSet, HashMap, VecDeque};
use std::iter::Peekable;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{DisplayLine, DisplaySink, EventKind, Frame, ObserveError, Observer, OutputKey, RunEvent};
use runsheet_model::{HostName, StepId};

use crate::line_splitter::LineSplitter;

/// The recorded output of a step on a host, frame by frame.
pub type Frames = Box<dyn Iterator<Item = Frame> + Send>;

/// Puts the events of a run and the output of its hosts into the order of time. It never sleeps: it says how long to wait.
///
/// Output is opened when its host starts and let go when its host is over, so that the replay of a large fleet needs as many
/// open files as hosts were worked on at once. All output of a host comes before the event that ends it.
pub struct Replay<E: Iterator<Item = Arc<RunEvent>>, O> {
    events: Peekable<E>,
    open: O,
    speed: f64,
    /// Where in the run it is.
    now: Duration,
    /// How long to wait before whatever is shown next.
    owed: Duration,
    ready: VecDeque<Shown>,
    outputs: HashMap<OutputKey, Output>,
    /// When the next frame of each output is due; the first is next.
    due: BTreeSet<(Duration, StepId, HostName)>,
    /// Output of which the rest belongs to a later epoch.
    parked: HashMap<OutputKey, Peekable<Frames>>,
}

struct Output {
    /// When its host started.
    started: Duration,
    frames: Peekable<Frames>,
    splitter: LineSplitter,
    /// Since its host started, of the frame that was shown last.
    last: Duration,
    /// When its next frame is due, if it is among those that are.
    due: Duration,
}

/// Something to be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// An event.
    Event(Arc<RunEvent>),
    /// A line of output.
    Line(DisplayLine),
}

impl<E, O> Replay<E, O>
where
    E: Iterator<Item = Arc<RunEvent>>,
    O: FnMut(&OutputKey) -> Option<Frames>,
{
    /// Starts at the first event. `open` opens the recorded output of a step on a host, if there is any. `speed` 10 is ten
    /// times as fast as it was; 0 is at once, as is whatever is not a positive number.
    pub fn new(events: impl IntoIterator<IntoIter = E>, open: O, speed: f64) -> Self {
        Self {
            events: events.into_iter().peekable(),
            open,
            speed,
            now: Duration::ZERO,
            owed: Duration::ZERO,
            ready: VecDeque::new(),
            outputs: HashMap::new(),
            due: BTreeSet::new(),
            parked: HashMap::new(),
        }
    }

    /// What comes next, and how long to wait before it is shown. `None`: it is over.
    #[expect(
        clippy::should_implement_trait,
        reason = "a wait and what follows it are not an item to be filtered, skipped or collected"
    )]
    pub fn next(&mut self) -> Option<(Duration, Shown)> {
        while self.ready.is_empty() {
            self.advance()?;
        }
        let shown = self.ready.pop_front()?;
        Some((std::mem::take(&mut self.owed), shown))
    }

    /// Goes on to the next frame or event. A frame need not complete a line.
    fn advance(&mut self) -> Option<()> {
        let event_at = self.events.peek().map(|event| event.elapsed);
        let frame_first = match (self.due.first(), event_at) {
            (Some((frame_at, ..)), Some(event_at)) => *frame_at < event_at,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if frame_first {
            let (at, step, host) = self.due.pop_first()?;
            self.pass_to(at);
            self.show_frame(&OutputKey { step, host });
        } else {
            let event = self.events.next()?;
            self.take_event(event);
        }
        Some(())
    }

    fn take_event(&mut self, event: Arc<RunEvent>) {
        match &event.kind {
            EventKind::RunStarted(_) => {
                // Each epoch counts its time from 0. What the one before left open was ended by whatever ended runsheet.
                for key in self.outputs.keys().cloned().collect::<Vec<_>>() {
                    self.close(&key);
                }
                self.now = Duration::ZERO;
            }
            EventKind::HostFinished { step, host, .. } => {
                self.close(&OutputKey { step: step.clone(), host: host.clone() });
            }
            _ => {}
        }
        self.pass_to(event.elapsed);
        if let EventKind::HostStarted { step, host } = &event.kind {
            let key = OutputKey { step: step.clone(), host: host.clone() };
            self.start_output(&key, event.elapsed);
        }
        self.ready.push_back(Shown::Event(event));
    }

    fn start_output(&mut self, key: &OutputKey, started: Duration) {
        let frames = self.parked.remove(key);
        let frames = frames.or_else(|| (self.open)(key).map(Iterator::peekable));
        if let Some(frames) = frames {
            let output =
                Output { started, frames, splitter: LineSplitter::default(), last: Duration::ZERO, due: started };
            self.outputs.insert(key.clone(), output);
            self.schedule(key);
        }
    }

    /// Notes when the next frame of an output is due, unless it belongs to a later epoch (its time has gone back).
    fn schedule(&mut self, key: &OutputKey) {
        if let Some(output) = self.outputs.get_mut(key)
            && let Some(frame) = output.frames.peek()
            && frame.elapsed >= output.last
        {
            output.due = output.started.saturating_add(frame.elapsed);
            self.due.insert((output.due, key.step.clone(), key.host.clone()));
        }
    }

    fn show_frame(&mut self, key: &OutputKey) {
        if let Some(output) = self.outputs.get_mut(key)
            && let Some(frame) = output.frames.next()
        {
            output.last = frame.elapsed;
            let ready = &mut self.ready;
            // What was not shown while it ran is not shown again either.
            if !frame.quiet {
                output.splitter.push(key, &frame, |line| ready.push_back(Shown::Line(line)));
            }
            self.schedule(key);
        }
    }

    /// Shows what is left of an output, because its host is over.
    fn close(&mut self, key: &OutputKey) {
        let Some(mut output) = self.outputs.remove(key) else {
            return;
        };
        self.due.remove(&(output.due, key.step.clone(), key.host.clone()));
        let ready = &mut self.ready;
        while let Some(frame) = output.frames.next_if(|frame| frame.elapsed >= output.last) {
            output.last = frame.elapsed;
            // What was not shown while it ran is not shown again either.
            if !frame.quiet {
                output.splitter.push(key, &frame, |line| ready.push_back(Shown::Line(line)));
            }
        }
        output.splitter.end(key, |line| ready.push_back(Shown::Line(line)));
        if output.frames.peek().is_some() {
            self.parked.insert(key.clone(), output.frames);
        }
    }

    fn pass_to(&mut self, at: Duration) {
        let passed = at.saturating_sub(self.now);
        self.now = self.now.max(at);
        if self.speed > 0.0 && self.speed.is_finite() {
            let wait = Duration::try_from_secs_f64(passed.as_secs_f64() / self.speed).unwrap_or(Duration::MAX);
            self.owed = self.owed.saturating_add(wait);
        }
    }
}

/// Plays a replay to those who watched the run. `sleep` waits; the sink should be one that waits as well
/// ([`Lines::that_wait`](crate::Lines::that_wait)), or lines are dropped when it goes fast.
pub fn play<E, O>(
    mut replay: Replay<E, O>,
    observer: &mut dyn Observer,
    lines: &dyn DisplaySink,
    mut sleep: impl FnMut(Duration),
) -> Result<(), ObserveError>
where
    E: Iterator<Item = Arc<RunEvent>>,
    O: FnMut(&OutputKey) -> Option<Frames>,
{
    while let Some((wait, shown)) = replay.next() {
        if !wait.is_zero() {
            sleep(wait);
        }
        match shown {
            Shown::Event(event) => observer.observe(&event)?,
            Shown::Line(line) => lines.line(line),
        }
    }
    Ok(())
}
