use std::collections::VecDeque;

use runsheet_events::{Frame, OutputKey};
use runsheet_model::visible;

/// Where the output of hosts can be read.
pub trait Outputs {
    /// The end of what a step printed on a host, at most about `longest` bytes; `None` if there is none or it cannot be read.
    fn tail(&self, key: &OutputKey, longest: usize) -> Option<Tail>;
}

/// The end of some output, as it came: masked, otherwise byte-exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Both streams, in the order in which they came.
    pub bytes: Vec<u8>,
    /// Whether there was more before it.
    pub cut: bool,
}

impl Tail {
    /// Keeps the last `longest` bytes of frames, however many there are. What was not shown while it ran is left out.
    pub fn of(frames: impl IntoIterator<Item = Frame>, longest: usize) -> Self {
        let mut kept = VecDeque::new();
        let mut cut = false;
        for frame in frames.into_iter().filter(|frame| !frame.quiet) {
            kept.extend(frame.bytes);
            let too_much = kept.len().saturating_sub(longest);
            cut |= too_much > 0;
            kept.drain(..too_much);
        }
        Self { bytes: kept.into(), cut }
    }

    /// It as text that drives no terminal, from the first whole line on if it was cut; empty if nothing is to be seen.
    pub(crate) fn text(&self) -> String {
        let bytes = match self.bytes.iter().position(|&byte| byte == b'\n') {
            Some(end) if self.cut && end + 1 < self.bytes.len() => &self.bytes[end + 1..],
            _ => &self.bytes,
        };
        visible(bytes).trim_end().to_owned()
    }
}
