use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use runsheet_events::Frame;

use crate::line::{LineEnd, read_line};
use crate::output_line::{OutputLine, read};
use crate::{JournalError, private};

/// The frames of a host's output, in order. It ends before a torn last line, and after the first error.
#[derive(Debug)]
pub struct OutputReader {
    lines: Option<BufReader<File>>,
    line: Vec<u8>,
    left_out: u64,
}

impl OutputReader {
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let lines = match private::open_to_read(path) {
            Ok(file) => Some(BufReader::with_capacity(64 << 10, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(JournalError::io("open", path)(error)),
        };
        Ok(Self { lines, line: Vec::new(), left_out: 0 })
    }

    /// How many bytes were left out, because the output had reached its cap, as far as it was read.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn read(&mut self) -> io::Result<Option<Frame>> {
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        while read_line(lines, &mut self.line)? == LineEnd::Whole {
            match read(&self.line)? {
                OutputLine::Frame(frame) => return Ok(Some(frame)),
                OutputLine::LeftOut(bytes) => self.left_out = self.left_out.saturating_add(bytes),
            }
        }
        Ok(None)
    }
}

impl Iterator for OutputReader {
    type Item = io::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose();
        if !matches!(read, Some(Ok(_))) {
            self.lines = None;
        }
        read
    }
}
