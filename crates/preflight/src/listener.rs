use std::time::SystemTime;

use runsheet_model::Stream;
use runsheet_task::{Capture, Output};

/// Keeps what a host answers, and notes when a word came.
pub(crate) struct Listener {
    capture: Capture,
    awaited: Vec<u8>,
    /// The end of what has come, which may be the beginning of the word.
    end: Vec<u8>,
    came: Option<SystemTime>,
}

impl Listener {
    pub(crate) fn awaiting(word: &str) -> Self {
        Self { capture: Capture::default(), awaited: word.as_bytes().to_vec(), end: Vec::new(), came: None }
    }

    /// What came on standard output and on standard error, and when the word did.
    pub(crate) fn into_parts(self) -> (String, String, Option<SystemTime>) {
        let (out, err) = self.capture.into_text();
        (out, err, self.came)
    }
}

impl Output for Listener {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) {
        self.capture.chunk(stream, bytes);
        if stream == Stream::Err || self.came.is_some() {
            return;
        }
        self.end.extend_from_slice(bytes);
        if self.end.windows(self.awaited.len()).any(|window| window == self.awaited) {
            self.came = Some(SystemTime::now());
        }
        let kept = self.end.len().min(self.awaited.len());
        self.end.drain(..self.end.len() - kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_noted_however_it_is_cut() {
        for piece in [1, 3, 100] {
            let mut listener = Listener::awaiting("word dated");
            for bytes in b"some noise\nwordword dated\n".chunks(piece) {
                listener.chunk(Stream::Out, bytes);
            }
            assert!(listener.into_parts().2.is_some(), "in pieces of {piece}");
        }
        let mut listener = Listener::awaiting("word dated");
        listener.chunk(Stream::Err, b"word dated");
        listener.chunk(Stream::Out, b"word date");
        assert!(listener.into_parts().2.is_none());
    }
}
