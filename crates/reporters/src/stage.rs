use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use runsheet_events::ObserveError;

use crate::inbox::{Batch, Inbox};
use crate::outlet::Written;

/// Shows messages, on a thread of its own.
pub(crate) trait Painter: Send + 'static {
    /// Shows what has arrived. Called as well when nothing has, at the time that [`Painter::latest`] asked for.
    fn paint(&mut self, batch: Batch);

    /// Not before when it wants to be called again.
    fn earliest(&self) -> Instant;

    /// When it wants to be called again even if nothing arrives.
    fn latest(&self) -> Option<Instant>;

    /// Writes what is left.
    fn end(&mut self) -> Result<(), ObserveError>;
}

/// A painter at work on its thread.
#[derive(Debug)]
pub(crate) struct Stage {
    inbox: Arc<Inbox>,
    ended: Receiver<Result<(), ObserveError>>,
    written: Written,
}

impl Stage {
    /// Starts the thread. It ends when the stage is finished or dropped.
    pub(crate) fn start(mut painter: impl Painter, written: Written) -> Result<Self, ObserveError> {
        let inbox = Arc::new(Inbox::default());
        let (end, ended) = mpsc::channel();
        let theirs = Arc::clone(&inbox);
        thread::Builder::new()
            .name("display".to_owned())
            .spawn(move || {
                // Whatever happens to the painter, nobody must wait for room or for rest that will never come.
                let closing = Closing(theirs);
                loop {
                    let batch = closing.0.take(painter.earliest(), painter.latest());
                    let (pause, last) = (batch.pause, batch.last);
                    painter.paint(batch);
                    if pause {
                        closing.0.rest();
                    }
                    if last {
                        break;
                    }
                }
                // Nobody listens if the stage was dropped.
                _ = end.send(painter.end());
            })
            .map_err(|source| ObserveError::Write { what: "the display", source })?;
        Ok(Self { inbox, ended, written })
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Waits until everything is written. It gives up, and leaves the thread to itself, once nothing at all was taken by the
    /// reader for as long as `patience`.
    pub(crate) fn finish(self, patience: Duration) -> Result<(), ObserveError> {
        self.inbox.close();
        loop {
            let before = self.written.bytes();
            match self.ended.recv_timeout(patience) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) if self.written.bytes() != before => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(ObserveError::Write {
                        what: "the last lines",
                        source: io::Error::new(
                            io::ErrorKind::TimedOut,
                            format!("the terminal or pipe took nothing for {patience:?}"),
                        ),
                    });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(ObserveError::Write {
                        what: "the last lines",
                        source: io::Error::other("the display broke"),
                    });
                }
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

struct Closing(Arc<Inbox>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
