use runsheet_model::Stream;

use crate::Output;

/// How much of the beginning and of the end of a stream is kept, each, in bytes.
const KEPT: usize = 128 * 1024;

/// Keeps the beginning and the end of a command's output: at most 256 KiB a stream, whatever a host sends.
#[derive(Debug, Default)]
pub struct Capture {
    out: HeadTail,
    err: HeadTail,
}

#[derive(Debug, Default)]
struct HeadTail {
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: u64,
}

impl Capture {
    /// Standard output and standard error as text; bytes that are not UTF-8 are replaced. Where something is missing in the
    /// middle, a line says how much.
    pub fn into_text(self) -> (String, String) {
        (self.out.into_text(), self.err.into_text())
    }
}

impl Output for Capture {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Out => self.out.push(bytes),
            Stream::Err => self.err.push(bytes),
        }
    }
}

impl HeadTail {
    fn push(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(rest);
        // Cut only once the tail is twice what is kept, so that a flood costs one move a 128 KiB.
        if self.tail.len() >= 2 * KEPT {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let extra = self.tail.len().saturating_sub(KEPT);
        self.dropped += extra as u64;
        self.tail.drain(..extra);
    }

    fn into_text(mut self) -> String {
        self.cut();
        let mut text = String::from_utf8_lossy(&self.head).into_owned();
        if self.dropped > 0 {
            text.push_str(&format!("\n… {} bytes left out …\n", self.dropped));
        }
        text.push_str(&String::from_utf8_lossy(&self.tail));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_keeps_its_beginning_and_its_end() {
        let mut capture = Capture::default();
        capture.chunk(Stream::Out, b"first");
        for _ in 0..1000 {
            capture.chunk(Stream::Out, &[b'x'; 4096]);
        }
        capture.chunk(Stream::Out, b"last");
        let (out, err) = capture.into_text();
        assert!(out.starts_with("first") && out.ends_with("last") && out.contains("bytes left out"));
        assert!(out.len() < 2 * KEPT + 100, "{} bytes were kept", out.len());
        assert_eq!(err, "");
    }

    #[test]
    fn what_fits_is_kept_as_it_is() {
        let mut capture = Capture::default();
        let all: Vec<u8> = (0..KEPT + 500).map(|i| b'a' + u8::try_from(i % 26).expect("small")).collect();
        for chunk in all.chunks(1000) {
            capture.chunk(Stream::Err, chunk);
        }
        assert_eq!(capture.into_text().1.into_bytes(), all);
    }
}
