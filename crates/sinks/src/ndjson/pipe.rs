use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};

use crate::SinkError;

/// How long a reader may take for a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// A FIFO that somebody reads. Without a reader nothing is written, and nobody waits for one.
pub(crate) struct Pipe {
    path: PathBuf,
    open: Option<File>,
    /// How much of the lines that come next its reader has already.
    taken: usize,
}

impl Pipe {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, open: None, taken: 0 }
    }

    /// Writes lines; after a failure the same lines come again.
    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), SinkError> {
        let name = self.path.display().to_string();
        self.write_rest(lines).map_err(|error| {
            if error.kind() != io::ErrorKind::TimedOut {
                // The next reader begins with a whole line.
                self.open = None;
                self.taken = 0;
            }
            SinkError::unavailable(format!("failed to write pipe `{name}`")).because(error)
        })
    }

    fn write_rest(&mut self, lines: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut pipe = match self.open.take() {
            Some(pipe) => pipe,
            None => self.connect()?,
        };
        while let Some(rest) = lines.get(self.taken..).filter(|rest| !rest.is_empty()) {
            match pipe.write(rest) {
                Ok(count) => self.taken += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() || !room(&pipe, left)? {
                        self.open = Some(pipe);
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "its reader does not read"));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        self.open = Some(pipe);
        self.taken = 0;
        Ok(())
    }

    fn connect(&self) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let pipe = match rustix::fs::open(&self.path, flags, Mode::empty()) {
            Ok(pipe) => File::from(pipe),
            Err(rustix::io::Errno::NXIO) => return Err(io::Error::new(io::ErrorKind::NotConnected, "nobody reads it")),
            Err(error) => return Err(error.into()),
        };
        if pipe.metadata()?.file_type().is_fifo() { Ok(pipe) } else { Err(io::Error::other("it is no FIFO")) }
    }
}

/// Waits until something can be written.
fn room(pipe: &File, time: Duration) -> io::Result<bool> {
    let time = Timespec::try_from(time).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    match poll(&mut [PollFd::new(pipe, PollFlags::OUT)], Some(&time)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
