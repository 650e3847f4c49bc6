use std::sync::Arc;
use std::time::{Duration, Instant};

use runsheet_events::{EventKind, ObserveError};

use crate::gatherer::Gatherer;
use crate::inbox::{Batch, Message};
use crate::live_area::{LiveArea, fit};
use crate::moved::Moved;
use crate::narrator::Narrator;
use crate::outlet::Outlet;
use crate::outlook::Lookout;
use crate::output_line;
use crate::page::{Page, To};
use crate::palette::paint;
use crate::progress::live_lines;
use crate::stage::Painter;
use crate::wording::grouped;
use crate::{Detail, Display};

/// Between two drawings of live lines: at most ten a second.
const FRAME: Duration = Duration::from_millis(100);

/// Between two looks at the clock while steps run and nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// Where nothing can be drawn, silence longer than this is broken by a line that tells what runs.
const SILENCE: Duration = Duration::from_mins(1);

/// Between two times that it is reckoned anew when the run will be over.
const RECKON: Duration = Duration::from_secs(1);

/// Between two notes that lines were dropped.
const DROPS: Duration = Duration::from_secs(1);

/// What a terminal shows of a run: written by the thread that draws and by nobody else.
pub(crate) struct Screen {
    display: Display,
    narrator: Narrator,
    out: Outlet,
    err: Outlet,
    live: LiveArea,
    /// When the last event arrived, to tell the run's time between events.
    heard: Instant,
    drawn: Instant,
    moved: Moved,
    lookout: Option<Lookout>,
    /// When the run will be over, and when that was reckoned.
    over: Option<(Option<String>, Instant)>,
    /// When that was last told where nothing can be drawn.
    told_over: Option<Instant>,
    /// Lines that were dropped since the run started.
    dropped: u64,
    /// Whether some of them were not told of yet.
    untold: bool,
    told_drops: Instant,
}

impl Screen {
    pub(crate) fn new(
        display: Display,
        gatherer: Option<Arc<Gatherer>>,
        moved: Moved,
        out: Outlet,
        err: Outlet,
    ) -> Self {
        let now = Instant::now();
        Self {
            narrator: Narrator::new(display.clone(), gatherer),
            lookout: display.outlook.clone().map(Lookout::new),
            over: None,
            told_over: None,
            display,
            out,
            err,
            live: LiveArea::default(),
            moved,
            heard: now,
            drawn: now,
            dropped: 0,
            untold: false,
            told_drops: now,
        }
    }

    /// What runs now, a line each, below the end that is foreseen.
    fn live_lines(&self) -> Vec<String> {
        if self.is_over() || self.display.detail == Detail::Quiet {
            return Vec::new();
        }
        let lines = live_lines(self.narrator.stats(), &self.moved, self.now());
        let over = self.over.as_ref().filter(|_| !lines.is_empty()).and_then(|(line, _)| line.clone());
        over.into_iter().chain(lines).collect()
    }

    fn is_over(&self) -> bool {
        self.narrator.stats().took.is_some()
    }

    /// Since the run's start, in its own time.
    fn now(&self) -> Duration {
        self.narrator.stats().elapsed + self.display.pace.to_tell(self.heard.elapsed())
    }

    /// Reckons anew when the run will be over, unless that was done a moment ago.
    fn look_out(&mut self) {
        let now = self.now();
        let is_due = self.over.as_ref().is_none_or(|(_, reckoned)| reckoned.elapsed() >= RECKON);
        if let Some(lookout) = self.lookout.as_mut().filter(|_| is_due) {
            self.over = Some((lookout.line(self.narrator.stats(), now), Instant::now()));
        }
    }

    /// Tells where nothing can be drawn when the run will be over: as it begins, and after the end of a step, at most once a minute.
    fn tell_end(&mut self, page: &mut Page) {
        let is_due = self.told_over.is_none_or(|told| told.elapsed() >= SILENCE);
        if let Some((Some(line), _)) = self.over.as_ref().filter(|_| is_due && !self.is_over()) {
            page.line(To::Err, line);
            self.told_over = Some(Instant::now());
        }
    }

    /// Writes a page above the live lines, which become `lines`.
    fn put(&mut self, page: Page, lines: Vec<String>) {
        if page.is_empty() && self.live.shows(&lines) {
            return;
        }
        let mut waiting = self.live.erase(self.display.size.columns());
        for (to, text) in page.into_parts() {
            match to {
                To::Err => waiting.push_str(&text),
                To::Out => {
                    self.err.write(&std::mem::take(&mut waiting));
                    self.out.write(&text);
                }
            }
        }
        waiting.push_str(&self.live.draw(lines));
        self.err.write(&waiting);
        self.note_closed_output();
        self.drawn = Instant::now();
    }

    /// A closed pager ends the printing of output and nothing else.
    fn note_closed_output(&mut self) {
        if let Some(error) = self.out.take_error() {
            let why = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(" ({cause})"));
            let note = format!("note: {error}{why}: output of hosts is not shown any more; the run goes on");
            let mut text = self.live.erase(self.display.size.columns());
            text.push_str(&paint(self.display.err.warn, &note));
            text.push('\n');
            self.err.write(&text);
        }
    }

    /// Tells how many lines were dropped since the run started.
    fn note_dropped(&mut self, page: &mut Page, words: &str) {
        self.untold = false;
        self.told_drops = Instant::now();
        let lines = match self.dropped {
            1 => "1 line".to_owned(),
            many => format!("{} lines", grouped(many)),
        };
        let note = format!("… {lines} {words}; all of them are in the run's output files");
        page.line(To::Err, &paint(self.display.err.warn, &note));
    }
}

impl Painter for Screen {
    fn paint(&mut self, batch: Batch) {
        let mut page = Page::default();
        let mut is_news = false;
        for message in batch.messages {
            match message {
                Message::Event(event) => {
                    self.heard = Instant::now();
                    self.narrator.tell(&event, &mut page);
                    if let Some(lookout) = &mut self.lookout {
                        lookout.apply(&event, self.narrator.stats().elapsed);
                    }
                    if let EventKind::StepFinished { step, .. } = &event.kind {
                        self.moved.forget(step);
                    }
                    is_news |= matches!(event.kind, EventKind::RunStarted(_) | EventKind::StepFinished { .. });
                }
                Message::Line(line) => output_line::render(&line, &self.display.out, page.text(To::Out)),
            }
        }
        self.dropped += batch.dropped;
        self.untold |= batch.dropped > 0;
        if self.untold && self.told_drops.elapsed() >= DROPS {
            self.note_dropped(&mut page, "not shown so far");
        }
        self.look_out();
        if is_news && !self.display.live && self.display.detail != Detail::Quiet {
            self.tell_end(&mut page);
        }
        let lines = if batch.pause || batch.last {
            Vec::new()
        } else if self.display.live {
            let size = &self.display.size;
            fit(self.live_lines(), size.columns(), size.rows())
        } else {
            if page.is_empty() && self.drawn.elapsed() >= SILENCE {
                for line in self.live_lines() {
                    page.line(To::Err, &line);
                }
                self.told_over = Some(Instant::now());
            }
            Vec::new()
        };
        self.put(page, lines);
    }

    fn earliest(&self) -> Instant {
        if self.display.live { self.drawn + FRAME } else { self.drawn }
    }

    fn latest(&self) -> Option<Instant> {
        let now = Instant::now();
        let drops = self.untold.then(|| self.told_drops + DROPS);
        let clock = (!self.live_lines().is_empty())
            .then(|| if self.display.live { now + TICK } else { (self.drawn + SILENCE).max(now) });
        drops.into_iter().chain(clock).min()
    }

    fn end(&mut self) -> Result<(), ObserveError> {
        let mut page = Page::default();
        if self.dropped > 0 {
            self.note_dropped(&mut page, "not shown");
        }
        self.narrator.end(&mut page);
        self.put(page, Vec::new());
        self.err.take_error().map_or(Ok(()), Err)
    }
}
