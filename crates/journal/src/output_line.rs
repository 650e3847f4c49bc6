//! How a frame of output becomes a line of its file: `{"t":ms,"s":"out","b":"text"}`, or `"b64"` where it is not UTF-8, and with
//! `"q":true` where it was not shown while it ran.
//!
//! A character that is cut by a chunk's border makes its two frames `b64`: what is read back is byte for byte what was
//! written, frame by frame. Where output was left out stands `{"left_out":bytes}`.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use runsheet_events::Frame;
use runsheet_model::Stream;
use serde::{Deserialize, Serialize};

/// One line, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OutputLine {
    /// A frame.
    Frame(Frame),
    /// This many bytes are not there.
    LeftOut(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire<'a> {
    Text {
        t: u64,
        s: Stream,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        q: bool,
        #[serde(borrow)]
        b: Cow<'a, str>,
    },
    Bytes {
        t: u64,
        s: Stream,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        q: bool,
        #[serde(borrow)]
        b64: Cow<'a, str>,
    },
    LeftOut {
        left_out: u64,
    },
}

/// Writes a frame as a line, with its line break.
pub(crate) fn write_frame(elapsed: Duration, stream: Stream, quiet: bool, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let t = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    write(&match std::str::from_utf8(bytes) {
        Ok(text) => Wire::Text { t, s: stream, q: quiet, b: Cow::Borrowed(text) },
        Err(_) => Wire::Bytes { t, s: stream, q: quiet, b64: Cow::Owned(STANDARD.encode(bytes)) },
    })
}

/// Writes how much was left out as a line, with its line break.
pub(crate) fn write_left_out(left_out: u64) -> io::Result<Vec<u8>> {
    write(&Wire::LeftOut { left_out })
}

/// Reads a line, given without its line break.
pub(crate) fn read(line: &[u8]) -> io::Result<OutputLine> {
    let frame =
        |t, stream, quiet, bytes| OutputLine::Frame(Frame { elapsed: Duration::from_millis(t), stream, quiet, bytes });
    Ok(match serde_json::from_slice(line)? {
        Wire::Text { t, s, q, b } => frame(t, s, q, b.into_owned().into_bytes()),
        Wire::Bytes { t, s, q, b64 } => {
            let bytes =
                STANDARD.decode(b64.as_bytes()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            frame(t, s, q, bytes)
        }
        Wire::LeftOut { left_out } => OutputLine::LeftOut(left_out),
    })
}

fn write(wire: &Wire<'_>) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(wire)?;
    line.push(b'\n');
    Ok(line)
}
