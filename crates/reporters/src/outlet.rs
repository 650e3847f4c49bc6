use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use runsheet_events::ObserveError;

/// How long a write waits that found a terminal in non-blocking mode full (whoever shares it may have set that mode).
const TRY_AGAIN: Duration = Duration::from_millis(10);

/// One of the two places to write to. Its first error ends it and is kept.
pub(crate) struct Outlet {
    writer: Option<Box<dyn Write + Send>>,
    what: &'static str,
    error: Option<ObserveError>,
    written: Written,
}

/// How much was written so far, for whoever waits for the end and wants to know whether anything still moves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<AtomicU64>);

impl Written {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Outlet {
    pub(crate) fn new(writer: Box<dyn Write + Send>, what: &'static str, written: &Written) -> Self {
        Self { writer: Some(writer), what, error: None, written: written.clone() }
    }

    /// Writes all of a text and flushes. After an error it does nothing any more.
    pub(crate) fn write(&mut self, text: &str) {
        if let Some(mut writer) = self.writer.take() {
            match write_all(writer.as_mut(), text.as_bytes(), &self.written) {
                Ok(()) => self.writer = Some(writer),
                Err(source) if source.kind() == ErrorKind::BrokenPipe => {
                    self.error = Some(ObserveError::ReaderGone { what: self.what });
                }
                Err(source) => {
                    self.error = Some(ObserveError::Write { what: self.what, source });
                }
            }
        }
    }

    /// The error that ended it. Told once.
    pub(crate) fn take_error(&mut self) -> Option<ObserveError> {
        self.error.take()
    }
}

fn write_all(writer: &mut dyn Write, mut bytes: &[u8], written: &Written) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                written.0.fetch_add(count as u64, Ordering::Relaxed);
                bytes = bytes.get(count..).unwrap_or_default();
            }
            Err(error) => again(error)?,
        }
    }
    loop {
        match writer.flush() {
            Ok(()) => return Ok(()),
            Err(error) => again(error)?,
        }
    }
}

/// Whether a write that failed may be tried again.
fn again(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock => {
            thread::sleep(TRY_AGAIN);
            Ok(())
        }
        _ => Err(error),
    }
}
