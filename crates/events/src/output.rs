use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use runsheet_model::{HostName, StepId, Stream};

/// Names the output of one step on one host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutputKey {
    /// The step.
    pub step: StepId,
    /// The host.
    pub host: HostName,
}

/// A piece of output as it came: masked, otherwise byte-exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Since the step started on the host.
    pub elapsed: Duration,
    /// Which stream.
    pub stream: Stream,
    /// Whether it was not shown while it ran, because a task asked for its own information.
    pub quiet: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Where the full output of hosts is kept.
pub trait OutputLog: Send + Sync {
    /// Opens the output of a step on a host; further frames are appended to what is there. Nothing is made on disk before the
    /// first frame comes.
    fn open(&self, key: &OutputKey) -> Box<dyn OutputFile>;
}

/// The output of one step on one host being written. It keeps at most its cap and counts the rest.
pub trait OutputFile: Send {
    /// Adds a frame. Returns at once; an error is kept for [`OutputFile::close`].
    fn frame(&mut self, elapsed: Duration, stream: Stream, quiet: bool, bytes: &[u8]);

    /// Writes what is buffered, and tells of the first error, if there was one.
    fn close(self: Box<Self>) -> std::io::Result<()>;
}

/// One line of output for people who watch: masked, not yet made safe for a terminal, at most 8 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayLine {
    /// In which step.
    pub step: StepId,
    /// From which host.
    pub host: HostName,
    /// On which stream.
    pub stream: Stream,
    /// The line without its end.
    pub line: Vec<u8>,
}

/// Takes lines for display. It never blocks: a display that cannot follow drops lines and says how many.
pub trait DisplaySink: Send + Sync {
    /// Shows a line, or counts it as dropped.
    fn line(&self, line: DisplayLine);

    /// Where the content of files that moves in a step is counted, in bytes. It is shown while the step runs; by default it is not.
    fn moved(&self, _step: &StepId) -> StepCounter {
        Arc::default()
    }
}

/// A count that many add to and one shows.
pub type StepCounter = Arc<AtomicU64>;
