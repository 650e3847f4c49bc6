//! Writers that keep, block or break.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, mpsc};

/// Keeps what is written to both streams, in order.
#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Vec<Written>>>);

/// The name of a stream and what was written to it.
type Written = (&'static str, Vec<u8>);

impl Capture {
    pub(crate) fn stream(&self, name: &'static str) -> Box<dyn Write + Send> {
        Box::new(Tape { name, capture: self.clone() })
    }

    /// All bytes of one stream.
    pub(crate) fn bytes(&self, stream: &str) -> Vec<u8> {
        let tape = self.0.lock().expect("no test panics while it writes");
        let written = tape.iter().filter(|(name, _)| *name == stream);
        written.flat_map(|(_, bytes)| bytes).copied().collect()
    }

    pub(crate) fn text(&self, stream: &str) -> String {
        String::from_utf8(self.bytes(stream)).expect("what we write is UTF-8")
    }

    /// Every line with its stream before it, in the order in which they were written.
    pub(crate) fn transcript(&self) -> String {
        let tape = self.0.lock().expect("no test panics while it writes");
        let mut text = Vec::new();
        let mut at_start = true;
        let bytes = tape.iter().flat_map(|(name, bytes)| bytes.iter().map(move |byte| (name, *byte)));
        for (name, byte) in bytes {
            if at_start {
                text.extend_from_slice(name.as_bytes());
                text.extend_from_slice(b"| ");
            }
            text.push(byte);
            at_start = byte == b'\n';
        }
        String::from_utf8(text).expect("what we write is UTF-8")
    }
}

struct Tape {
    name: &'static str,
    capture: Capture,
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut tape = self.capture.0.lock().expect("no test panics while it writes");
        tape.push((self.name, bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal that was stopped: a write waits until it is released, and is told when it began.
pub(crate) struct Stopped {
    pub(crate) began: mpsc::Sender<()>,
    pub(crate) release: mpsc::Receiver<()>,
}

impl Write for Stopped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        _ = self.began.send(());
        // Once the other end is gone every write goes through.
        _ = self.release.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader is gone.
pub(crate) struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal in non-blocking mode that takes one byte every other time.
pub(crate) struct Halting {
    pub(crate) to: Box<dyn Write + Send>,
    pub(crate) ready: bool,
}

impl Write for Halting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ready = !self.ready;
        if self.ready {
            self.to.write(bytes.get(..64.min(bytes.len())).unwrap_or_default())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
