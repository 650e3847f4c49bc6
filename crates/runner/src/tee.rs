use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runsheet_events::{DisplayLine, DisplaySink, OutputFile, OutputKey, StepCounter};
use runsheet_model::{Mask, MaskStream, Stream, hex};
use runsheet_task::Output;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::lines::Lines;

/// Where the output of one host in one step goes: its file, and the display.
pub(crate) struct HostOutput {
    key: OutputKey,
    started: Instant,
    file: Mutex<Box<dyn OutputFile>>,
    display: Arc<dyn DisplaySink>,
    moved: StepCounter,
    /// When something came last, in milliseconds since the start.
    last: AtomicU64,
}

impl HostOutput {
    pub(crate) fn new(key: OutputKey, file: Box<dyn OutputFile>, display: Arc<dyn DisplaySink>) -> Self {
        let moved = display.moved(&key.step);
        Self { key, started: Instant::now(), file: Mutex::new(file), display, moved, last: AtomicU64::new(0) }
    }

    /// Where the content of files that moves to or from the host is counted.
    pub(crate) fn moved(&self) -> StepCounter {
        Arc::clone(&self.moved)
    }

    /// How long nothing has come.
    pub(crate) fn quiet_for(&self) -> Duration {
        self.started.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    /// Writes what is buffered.
    pub(crate) fn close(self) -> std::io::Result<()> {
        self.file.into_inner().unwrap_or_else(PoisonError::into_inner).close()
    }

    fn frame(&self, elapsed: Duration, stream: Stream, quiet: bool, bytes: &[u8]) {
        self.last.store(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.file.lock().unwrap_or_else(PoisonError::into_inner).frame(elapsed, stream, quiet, bytes);
    }

    fn line(&self, stream: Stream, line: Vec<u8>) {
        self.display.line(DisplayLine { step: self.key.step.clone(), host: self.key.host.clone(), stream, line });
    }
}

/// One command's output on its way: masked here, once, then split into the host's file, the display, and the task.
pub(crate) struct Tee<'a> {
    host: &'a HostOutput,
    task: &'a mut dyn Output,
    quiet: bool,
    out: Side,
    err: Side,
    hash: Sha256,
    bytes: u64,
}

struct Side {
    stream: Stream,
    mask: MaskStream,
    lines: Lines,
}

impl<'a> Tee<'a> {
    pub(crate) fn new(host: &'a HostOutput, mask: &Mask, quiet: bool, task: &'a mut dyn Output) -> Self {
        let side = |stream| Side { stream, mask: mask.stream(), lines: Lines::default() };
        Self { host, task, quiet, out: side(Stream::Out), err: side(Stream::Err), hash: Sha256::new(), bytes: 0 }
    }

    /// Gives on what was held back, and tells how much there was and its SHA-256 (empty if there was none).
    pub(crate) fn finish(mut self) -> (u64, String) {
        for stream in [Stream::Out, Stream::Err] {
            let rest = self.side(stream).mask.finish();
            self.pass_on(stream, &rest);
            if let Some(line) = self.side(stream).lines.finish() {
                self.host.line(stream, line);
            }
        }
        let hash = if self.bytes == 0 { String::new() } else { hex(&self.hash.finalize()) };
        (self.bytes, hash)
    }

    fn side(&mut self, stream: Stream) -> &mut Side {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }

    fn pass_on(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
        self.host.frame(self.host.started.elapsed(), stream, self.quiet, bytes);
        if !self.quiet {
            let host = self.host;
            let side = self.side(stream);
            side.lines.feed(bytes, |line| host.line(side.stream, line));
        }
        self.task.chunk(stream, bytes);
    }
}

impl Output for Tee<'_> {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) {
        let masked = self.side(stream).mask.feed(bytes);
        self.pass_on(stream, &masked);
    }
}
