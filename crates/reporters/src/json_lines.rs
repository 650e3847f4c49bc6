use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use runsheet_events::{ObserveError, Observer, RunEvent, encode};
use runsheet_model::visible;

use crate::inbox::{Batch, Message};
use crate::outlet::{Outlet, Written};
use crate::stage::{Painter, Stage};

/// Writes the events of a run for programs: one a line, in the journal's own form, and nothing else.
///
/// What could drive a terminal is escaped in the way of JSON, so that the line may be looked at and still means the same. Events are few and none is dropped; a reader that is slow holds up only the
/// thread that writes.
#[derive(Debug)]
pub struct JsonLines {
    stage: Stage,
    patience: Duration,
    gone: Arc<AtomicBool>,
}

impl JsonLines {
    /// Starts to write. `out` gets the events, `err` one note should `out` be closed. `patience` is how long the end of a run
    /// waits for a reader that takes nothing at all.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn start(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        patience: Duration,
    ) -> Result<Self, ObserveError> {
        let written = Written::default();
        let gone = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            out: Outlet::new(out, "standard output", &written),
            err: Outlet::new(err, "standard error", &written),
            gone: Arc::clone(&gone),
            error: None,
            started: Instant::now(),
        };
        Ok(Self { stage: Stage::start(writer, written)?, patience, gone })
    }
}

impl Observer for JsonLines {
    fn observe(&mut self, event: &Arc<RunEvent>) -> Result<(), ObserveError> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(ObserveError::ReaderGone { what: "standard output" });
        }
        self.stage.inbox().event(Arc::clone(event));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), ObserveError> {
        self.stage.finish(self.patience)
    }
}

struct Writer {
    out: Outlet,
    err: Outlet,
    gone: Arc<AtomicBool>,
    error: Option<ObserveError>,
    started: Instant,
}

impl Painter for Writer {
    fn paint(&mut self, batch: Batch) {
        let mut text = String::new();
        for message in batch.messages {
            if let Message::Event(event) = message {
                match encode(&event) {
                    Ok(line) => {
                        push_safe(&line, &mut text);
                        text.push('\n');
                    }
                    Err(error) => self.err.write(&format!("warning: event {} left out: {error}\n", event.seq)),
                }
            }
        }
        self.out.write(&text);
        if let Some(error) = self.out.take_error() {
            self.gone.store(true, Ordering::Relaxed);
            self.err.write(&format!("note: {error}: no more events are written; the run goes on\n"));
            self.error = Some(error);
        }
    }

    fn earliest(&self) -> Instant {
        self.started
    }

    fn latest(&self) -> Option<Instant> {
        None
    }

    fn end(&mut self) -> Result<(), ObserveError> {
        self.error.take().map_or(Ok(()), Err)
    }
}

/// Adds a line of JSON. JSON itself escapes C0 only; DEL, C1 and characters that change the writing direction can stand in its
/// texts as they are, and nowhere else, so that they can be escaped here without reading the line.
fn push_safe(line: &str, text: &mut String) {
    if line.is_ascii() && !line.contains('\x7f') {
        text.push_str(line);
        return;
    }
    for c in line.chars() {
        let mut bytes = [0; 4];
        let shown = c.encode_utf8(&mut bytes);
        if visible(shown.as_bytes()) == *shown {
            text.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}
