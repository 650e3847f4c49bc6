use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

use runsheet_events::OutputFile;
use runsheet_model::Stream;

use crate::output_line::{write_frame, write_left_out};
use crate::private;

/// How much is gathered before it is written.
const BUFFER: usize = 64 << 10;

/// A longer piece of output becomes several frames, so that every line can be read within a bounded memory.
const LONGEST_FRAME: usize = 1 << 20;

/// Writes the output of one step on one host. It is not synced: output may be lost with the power, results may not.
#[derive(Debug)]
pub(crate) struct OutputWriter {
    path: PathBuf,
    cap: u64,
    file: Option<File>,
    /// What is in the file and in the buffer.
    size: u64,
    buffer: Vec<u8>,
    left_out: u64,
    error: Option<io::Error>,
}

impl OutputWriter {
    pub(crate) fn new(path: PathBuf, cap: u64) -> Self {
        Self { path, cap, file: None, size: 0, buffer: Vec::new(), left_out: 0, error: None }
    }

    fn add(&mut self, elapsed: Duration, stream: Stream, quiet: bool, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.open()?;
        }
        let line = write_frame(elapsed, stream, quiet, bytes)?;
        // Once something is left out, so is all that follows: output with its end missing misleads less than one with a hole.
        if self.left_out > 0 || self.size + line.len() as u64 > self.cap {
            self.left_out += bytes.len() as u64;
            return Ok(());
        }
        self.push(&line)
    }

    fn open(&mut self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            private::make_folder(folder)?;
        }
        let file = private::open_to_append(&self.path)?;
        self.size = sound_length(&file)?;
        if self.size < file.metadata()?.len() {
            file.set_len(self.size)?;
        }
        self.file = Some(file);
        Ok(())
    }

    fn push(&mut self, line: &[u8]) -> io::Result<()> {
        self.size += line.len() as u64;
        self.buffer.extend_from_slice(line);
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(error) = self.error.take() {
            self.buffer.clear();
            return Err(error);
        }
        if self.left_out > 0 {
            let line = write_left_out(std::mem::take(&mut self.left_out))?;
            self.push(&line)?;
        }
        self.flush()
    }
}

impl OutputFile for OutputWriter {
    fn frame(&mut self, elapsed: Duration, stream: Stream, quiet: bool, bytes: &[u8]) {
        for piece in bytes.chunks(LONGEST_FRAME) {
            if self.error.is_none() {
                self.error = self.add(elapsed, stream, quiet, piece).err();
            }
        }
    }

    fn close(mut self: Box<Self>) -> io::Result<()> {
        self.finish()
    }
}

impl Drop for OutputWriter {
    fn drop(&mut self) {
        // For those who never came to `close`, such as a task that was cancelled.
        _ = self.finish();
    }
}

/// Where the last whole line of a file ends: a crash may have torn the one after it.
fn sound_length(file: &File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut bytes = vec![0; BUFFER];
    while end > 0 {
        let start = end.saturating_sub(BUFFER as u64);
        let piece = &mut bytes[..usize::try_from(end - start).unwrap_or(BUFFER)];
        file.read_exact_at(piece, start)?;
        if let Some(at) = piece.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
