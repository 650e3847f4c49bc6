use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{DisplayLine, DisplaySink, ObserveError, Observer, RunEvent, StepCounter};
use runsheet_model::StepId;

use crate::Display;
use crate::gatherer::Gatherer;
use crate::inbox::Inbox;
use crate::moved::Moved;
use crate::outlet::{Outlet, Written};
use crate::screen::Screen;
use crate::stage::Stage;

/// Shows a run to people, or to a log.
///
/// It owns a thread that does all the writing; [`Observer::observe`] and [`Lines`] hand over and return at once, however slow
/// the terminal is.
#[derive(Debug)]
pub struct Terminal {
    stage: Stage,
    gatherer: Option<Arc<Gatherer>>,
    moved: Moved,
    patience: Duration,
}

impl Terminal {
    /// Starts to show. `out` is for data (what hosts say), `err` for everything else.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn start(
        display: Display,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Result<Self, ObserveError> {
        let display = display.settled();
        let patience = display.patience;
        let gatherer = display.gather.then(Arc::<Gatherer>::default);
        let written = Written::default();
        let out = Outlet::new(out, "standard output", &written);
        let err = Outlet::new(err, "standard error", &written);
        let moved = Moved::default();
        let screen = Screen::new(display, gatherer.clone(), moved.clone(), out, err);
        Ok(Self { stage: Stage::start(screen, written)?, gatherer, moved, patience })
    }

    /// Where the output of hosts goes.
    pub fn lines(&self) -> Lines {
        let inbox = Arc::clone(self.stage.inbox());
        Lines { inbox, gatherer: self.gatherer.clone(), moved: self.moved.clone(), waits: false }
    }

    /// What stops the drawing while a person is asked.
    pub fn pause(&self) -> Pause {
        Pause(Arc::clone(self.stage.inbox()))
    }
}

impl Observer for Terminal {
    fn observe(&mut self, event: &Arc<RunEvent>) -> Result<(), ObserveError> {
        // A display that broke has lost its voice; the end tells about it.
        self.stage.inbox().event(Arc::clone(event));
        Ok(())
    }

    /// Writes what is left and the recap. Gives up on a terminal or pipe that takes nothing for [`Display::patience`].
    fn finish(self: Box<Self>) -> Result<(), ObserveError> {
        self.stage.finish(self.patience)
    }
}

/// Takes the output of hosts for a [`Terminal`].
#[derive(Clone, Debug)]
pub struct Lines {
    inbox: Arc<Inbox>,
    gatherer: Option<Arc<Gatherer>>,
    moved: Moved,
    waits: bool,
}

impl Lines {
    /// The same, but it waits for a slow terminal instead of dropping lines. For replays; never for a run.
    pub fn that_wait(mut self) -> Self {
        self.waits = true;
        self
    }
}

impl DisplaySink for Lines {
    fn line(&self, line: DisplayLine) {
        match &self.gatherer {
            Some(gatherer) => gatherer.line(line),
            None if self.waits => self.inbox.line_in_time(line),
            None => self.inbox.line(line),
        }
    }

    fn moved(&self, step: &StepId) -> StepCounter {
        self.moved.counter(step)
    }
}

/// Stops the drawing of a [`Terminal`] while a person is asked.
#[derive(Clone, Debug)]
pub struct Pause(Arc<Inbox>);

impl Pause {
    /// Takes the live lines off the terminal and shows nothing until the answer is dropped; what happens meanwhile is shown
    /// then. Waits at most `limit` for that: a terminal that is stopped is no reason not to ask.
    ///
    /// It blocks: call it where blocking is allowed.
    pub fn begin(&self, limit: Duration) -> Paused {
        let at_rest = self.0.pause(limit);
        Paused { inbox: Arc::clone(&self.0), at_rest }
    }
}

/// A pause. It ends when this is dropped.
#[derive(Debug)]
pub struct Paused {
    inbox: Arc<Inbox>,
    at_rest: bool,
}

impl Paused {
    /// Whether the live lines were taken off in time.
    pub fn at_rest(&self) -> bool {
        self.at_rest
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.inbox.resume();
    }
}
