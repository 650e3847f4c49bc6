use runsheet_events::{DisplayLine, Frame, OutputKey};
use runsheet_model::Stream;

use crate::output_line::{LONGEST, cut_at};

/// Makes lines out of frames of output, for each stream on its own.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl LineSplitter {
    /// Adds a frame and hands over the lines that it completes. A line longer than 8 KiB is handed over in parts.
    pub(crate) fn push(&mut self, key: &OutputKey, frame: &Frame, mut show: impl FnMut(DisplayLine)) {
        let pending = match frame.stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        for piece in frame.bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, ended) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            pending.extend_from_slice(text);
            while pending.len() > LONGEST {
                let rest = pending.split_off(cut_at(pending));
                show(line(key, frame.stream, std::mem::replace(pending, rest)));
            }
            if ended {
                show(line(key, frame.stream, std::mem::take(pending)));
            }
        }
    }

    /// Hands over what has no line break after it.
    pub(crate) fn end(&mut self, key: &OutputKey, mut show: impl FnMut(DisplayLine)) {
        for (stream, pending) in [(Stream::Out, &mut self.out), (Stream::Err, &mut self.err)] {
            if !pending.is_empty() {
                show(line(key, stream, std::mem::take(pending)));
            }
        }
    }
}

fn line(key: &OutputKey, stream: Stream, line: Vec<u8>) -> DisplayLine {
    DisplayLine { step: key.step.clone(), host: key.host.clone(), stream, line }
}
