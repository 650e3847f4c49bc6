use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use runsheet_events::{Position, RunEvent};

use crate::JournalError;
use crate::chain::{Chain, Fault, SEAL};
use crate::line::{LineEnd, read_line};

/// The events of a journal, one after the other, each checked against the one before.
///
/// It ends before a torn last line, and after the first error.
#[derive(Debug)]
pub struct Events<'a> {
    path: &'a Path,
    lines: BufReader<FileFrom<'a>>,
    line: Vec<u8>,
    offset: u64,
    chain: Chain,
    last: u64,
    torn: bool,
    over: bool,
}

impl<'a> Events<'a> {
    /// Reads from a position up to and with the event `last`.
    pub(crate) fn new(path: &'a Path, file: &'a File, from: Position, last: u64) -> Result<Self, JournalError> {
        let chain = chain_at(path, file, from)?;
        let lines = BufReader::with_capacity(64 << 10, FileFrom { file, offset: from.offset });
        Ok(Self { path, lines, line: Vec::new(), offset: from.offset, chain, last, torn: false, over: false })
    }

    /// Where it has got to.
    pub fn position(&self) -> Position {
        Position { offset: self.offset, seq: self.chain.seq() }
    }

    /// Whether it came upon a torn last line, as a crash or a power loss leaves it.
    pub fn torn(&self) -> bool {
        self.torn
    }

    pub(crate) fn chain(self) -> Chain {
        self.chain
    }

    fn read(&mut self) -> Result<Option<RunEvent>, JournalError> {
        if self.chain.seq() >= self.last {
            return Ok(None);
        }
        match read_line(&mut self.lines, &mut self.line) {
            Ok(LineEnd::Nothing) => Ok(None),
            Ok(LineEnd::Whole) => {
                let event = self.chain.open(&self.line).map_err(|fault| self.error(fault))?;
                self.offset += self.line.len() as u64 + 1;
                Ok(Some(event))
            }
            Ok(LineEnd::Torn) => {
                // A whole line and one byte more is no torn line: its line break was changed into something else.
                let (_, line) = self.line.split_last().unwrap_or((&0, &[]));
                if self.chain.clone().open(line).is_ok() {
                    return Err(self.error(Fault::Broken("its line break is missing".to_owned())));
                }
                self.torn = true;
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(self.error(Fault::Broken(error.to_string())))
            }
            Err(error) => Err(JournalError::io("read", self.path)(error)),
        }
    }

    fn error(&self, fault: Fault) -> JournalError {
        let path = self.path.to_owned();
        match fault {
            Fault::Newer(format) => JournalError::Newer { path, format },
            Fault::Broken(why) => JournalError::Broken { path, line: self.chain.seq() + 1, why },
        }
    }
}

impl Iterator for Events<'_> {
    type Item = Result<RunEvent, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.read().transpose();
        self.over = !matches!(read, Some(Ok(_)));
        read
    }
}

/// Finds the chain at a position: the line before it ends with a hash at a fixed distance.
fn chain_at(path: &Path, file: &File, position: Position) -> Result<Chain, JournalError> {
    if position == Position::default() {
        return Ok(Chain::start());
    }
    let mut before = [0; SEAL + 1];
    let found = position.offset.checked_sub(before.len() as u64).map(|start| file.read_exact_at(&mut before, start));
    let chain = match (found, before.split_last()) {
        (Some(Ok(())), Some((b'\n', seal))) => Chain::after(position.seq, seal),
        _ => None,
    };
    chain.ok_or_else(|| {
        let wrong = format!("byte {} is not the end of event {}", position.offset, position.seq);
        JournalError::io("read", path)(io::Error::new(io::ErrorKind::InvalidInput, wrong))
    })
}

/// A file read from an offset, without moving the place where others read.
#[derive(Debug)]
struct FileFrom<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for FileFrom<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(bytes, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
