use std::sync::Arc;
use std::time::{Duration, Instant};

use runsheet_events::ObserveError;

use crate::gatherer::Gatherer;
use crate::inbox::{Batch, Message};
use crate::live_area::{LiveArea, fit};
use crate::moved::Moved;
use crate::narrator::Narrator;
use crate::outlet::Outlet;
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

    /// What runs now, a line each.
    fn live_lines(&self) -> Vec<String> {
        let stats = self.narrator.stats();
        if stats.took.is_some() || self.display.detail == Detail::Quiet {
            return Vec::new();
        }
        live_lines(stats, &self.moved, stats.elapsed + self.heard.elapsed())
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
        for message in batch.messages {
            match message {
                Message::Event(event) => {
                    self.heard = Instant::now();
                    self.narrator.tell(&event, &mut page);
                }
                Message::Line(line) => output_line::render(&line, &self.display.out, page.text(To::Out)),
            }
        }
        self.dropped += batch.dropped;
        self.untold |= batch.dropped > 0;
        if self.untold && self.told_drops.elapsed() >= DROPS {
            self.note_dropped(&mut page, "not shown so far");
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
