use std::io::{self, BufRead, Read};

use crate::chain::LONGEST_LINE;

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// With a line break.
    Whole,
    /// With the end of the file, in the middle.
    Torn,
    /// There was none.
    Nothing,
}

/// Reads the next line, without its line break. One that is longer than any of ours is an error, not a reason to fill the memory.
pub(crate) fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<LineEnd> {
    line.clear();
    let count = from.take(LONGEST_LINE as u64).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        Ok(LineEnd::Whole)
    } else if count == LONGEST_LINE {
        Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"))
    } else if count == 0 {
        Ok(LineEnd::Nothing)
    } else {
        Ok(LineEnd::Torn)
    }
}
