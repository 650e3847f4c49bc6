//! How an event becomes a line of a journal, and how a changed line shows.
//!
//! A line is the event's JSON object with one more field, the last one:
//!
//! ```text
//! {"seq":2,"at_ms":…,"elapsed_ms":…,"event":"step_started",…,"chain":"0f3a…"}
//! ```
//!
//! `chain` is the first 32 hexadecimal digits of SHA-256 over the `chain` of the line before (32 zeros for the first line)
//! followed by this line's bytes up to `,"chain":`. So a line answers for itself and for all before it: a changed, missing,
//! added or exchanged line shows at once, the last one too. It has a fixed length, so that a reader can go on at any line
//! with only the end of the line before. It guards against accidents and quiet edits, not against somebody who writes the
//! whole file anew.

use runsheet_events::{EventKind, RunEvent, decode, encode};
use sha2::{Digest, Sha256};

/// The version of the journal's format that this program writes; it reads this one and all before it.
pub const FORMAT: u32 = 1;

/// The longest line that is written or read, in bytes. A line that claims more is no line of ours.
pub(crate) const LONGEST_LINE: usize = 16 << 20;

const KEY: &str = ",\"chain\":\"";
const END: &str = "\"}";
const DIGITS: usize = 32;

/// How many bytes of a line come after its event: the same for every line.
pub(crate) const SEAL: usize = KEY.len() + DIGITS + END.len();

/// What is wrong with a line or an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not belong here.
    Broken(String),
    /// It is of a later format.
    Newer(u32),
}

/// A place between two lines: the position and the hash of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    seq: u64,
    hash: String,
}

impl Chain {
    /// Before the first line.
    pub(crate) fn start() -> Self {
        Self { seq: 0, hash: "0".repeat(DIGITS) }
    }

    /// After the event `seq`, whose line ends with these [`SEAL`] bytes.
    pub(crate) fn after(seq: u64, seal: &[u8]) -> Option<Self> {
        let hash = std::str::from_utf8(digits(seal)?).ok()?.to_owned();
        Some(Self { seq, hash })
    }

    /// The position of the last event.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Adds the line of the next event, with its line break.
    pub(crate) fn seal(&mut self, event: &RunEvent, lines: &mut Vec<u8>) -> Result<(), Fault> {
        self.admit(event)?;
        let json = encode(event).map_err(|error| Fault::Broken(error.to_string()))?;
        let body = json
            .strip_suffix('}')
            .filter(|body| body.len() + SEAL < LONGEST_LINE)
            .ok_or_else(|| Fault::Broken(format!("event {} of {} bytes is too long", event.seq, json.len())))?;
        self.hash = self.hash_of(body.as_bytes());
        self.seq = event.seq;
        lines.extend_from_slice(body.as_bytes());
        lines.extend_from_slice(KEY.as_bytes());
        lines.extend_from_slice(self.hash.as_bytes());
        lines.extend_from_slice(END.as_bytes());
        lines.push(b'\n');
        Ok(())
    }

    /// Reads the next line, given without its line break.
    pub(crate) fn open(&mut self, line: &[u8]) -> Result<RunEvent, Fault> {
        let broken = |why: &str| Fault::Broken(why.to_owned());
        let (body, seal) = line.split_at(line.len().saturating_sub(SEAL));
        let carried = digits(seal).ok_or_else(|| broken("it carries no hash"))?;
        let hash = self.hash_of(body);
        if carried != hash.as_bytes() {
            return Err(broken("its hash does not fit: it was changed, or one before it is missing"));
        }
        let json = std::str::from_utf8(line).map_err(|_| broken("it is not UTF-8"))?;
        let event = decode(json).map_err(|_| broken("it is not an event"))?;
        self.admit(&event)?;
        self.hash = hash;
        self.seq = event.seq;
        Ok(event)
    }

    /// Whether an event may come next.
    fn admit(&self, event: &RunEvent) -> Result<(), Fault> {
        if event.seq != self.seq + 1 {
            return Err(Fault::Broken(format!("event {} follows event {}", event.seq, self.seq)));
        }
        match &event.kind {
            EventKind::RunStarted(header) if header.format > FORMAT => Err(Fault::Newer(header.format)),
            EventKind::RunStarted(_) => Ok(()),
            _ if event.seq == 1 => Err(Fault::Broken("the first event is not the start of a run".to_owned())),
            _ => Ok(()),
        }
    }

    fn hash_of(&self, body: &[u8]) -> String {
        let mut sha = Sha256::new();
        sha.update(&self.hash);
        sha.update(body);
        let mut hex = hex(&sha.finalize());
        hex.truncate(DIGITS);
        hex
    }
}

/// The hash in what comes after an event on its line.
fn digits(seal: &[u8]) -> Option<&[u8]> {
    seal.strip_prefix(KEY.as_bytes())?.strip_suffix(END.as_bytes())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}
