use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use runsheet_events::RunEvent;
use runsheet_model::RunId;
use rustix::fs::{Mode, OFlags};

use super::lines::{lines, seq_of};
use crate::SinkError;

/// How long is waited for others who append to the same file.
const WAIT: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(10);

/// How much of the file's end is looked at to see what of a run is there already: more than one batch of events takes.
const END: u64 = 16 << 20;

/// A file that many runs append to. It is locked while a batch is written, and has whole batches or nothing of them.
pub(crate) struct LogFile {
    path: PathBuf,
    /// The last event of the run that is there, once that was looked at: a process that was killed may have written more than it could say.
    there: Option<u64>,
}

impl LogFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, there: None }
    }

    pub(super) fn append(&mut self, run: RunId, events: &[RunEvent]) -> Result<(), SinkError> {
        let failed = |doing: &str| {
            let what = format!("failed to {doing} `{}`", self.path.display());
            move |source: io::Error| SinkError::unavailable(what).because(source)
        };
        let mut file = open(&self.path).map_err(failed("open"))?;
        lock(&file).map_err(failed("lock"))?;
        let length = file.metadata().map_err(failed("look at"))?.len();
        let (there, torn) = match self.there {
            Some(there) => (there, false),
            None => end_of(&mut file, length, run).map_err(failed("read"))?,
        };
        let missing = &events[events.partition_point(|event| event.seq <= there)..];
        let mut text = lines(run, missing)?;
        if torn && !text.is_empty() {
            text.insert(0, b'\n');
        }
        let written = file.write_all(&text).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // No room, most likely: half a line must not stay.
            _ = file.set_len(length);
            return Err(failed("write")(error));
        }
        self.there = events.last().map(|event| event.seq.max(there));
        Ok(())
    }
}

/// 0600 when it is made; a FIFO or a device in its place holds nobody up.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

fn lock(file: &File) -> io::Result<()> {
    let deadline = Instant::now() + WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "others are writing it"));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(AGAIN),
        }
    }
}

/// The last event of a run that is there, and whether the last line has no end.
fn end_of(file: &mut File, length: u64, run: RunId) -> io::Result<(u64, bool)> {
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end)?;
    let torn = end.last().is_some_and(|byte| *byte != b'\n');
    let whole = end.rsplit_once_at(b'\n');
    let last = whole.split(|byte| *byte == b'\n').filter_map(|line| seq_of(line, run)).max().unwrap_or(0);
    Ok((last, torn))
}

trait WholeLines {
    /// What stands before the last such byte.
    fn rsplit_once_at(&self, byte: u8) -> &[u8];
}

impl WholeLines for [u8] {
    fn rsplit_once_at(&self, byte: u8) -> &[u8] {
        &self[..self.iter().rposition(|found| *found == byte).unwrap_or(0)]
    }
}
