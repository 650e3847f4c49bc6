/// The longest line that is shown in one piece, in bytes.
const LONGEST: usize = 8 * 1024;

/// Cuts a stream into lines for display. A line longer than 8 KiB is shown in pieces.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// Takes some bytes and gives each line that they complete, without its end, to `show`.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut show: impl FnMut(Vec<u8>)) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.extend(&bytes[..end], &mut show);
            bytes = &bytes[end + 1..];
            if self.0.last() == Some(&b'\r') {
                self.0.pop();
            }
            show(std::mem::take(&mut self.0));
        }
        self.extend(bytes, &mut show);
    }

    /// Adds to the line, and shows what is more than fits, cut between two characters.
    fn extend(&mut self, bytes: &[u8], show: &mut impl FnMut(Vec<u8>)) {
        self.0.extend_from_slice(bytes);
        while self.0.len() > LONGEST {
            let rest = self.0.split_off(boundary(&self.0));
            show(std::mem::replace(&mut self.0, rest));
        }
    }

    /// Gives what is left without a line end.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then(|| std::mem::take(&mut self.0))
    }
}

/// The last place up to which a line fits and that is not within a character of UTF-8 (which has at most four bytes).
fn boundary(line: &[u8]) -> usize {
    (LONGEST - 3..=LONGEST).rev().find(|&at| line[at] & 0xc0 != 0x80).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_across_chunks() {
        let mut lines = Lines::default();
        let mut shown = Vec::new();
        for chunk in ["one\ntw", "o\r\n\nthr", "ee"] {
            lines.feed(chunk.as_bytes(), |line| shown.push(line));
        }
        shown.extend(lines.finish());
        assert_eq!(shown, [&b"one"[..], b"two", b"", b"three"]);
    }

    #[test]
    fn a_line_without_end_is_shown_in_pieces() {
        let mut lines = Lines::default();
        let mut shown = Vec::new();
        lines.feed(&vec![b'x'; 2 * LONGEST + 1], |line| shown.push(line.len()));
        assert_eq!(shown, [LONGEST, LONGEST]);
        assert_eq!(lines.finish(), Some(vec![b'x']));
    }

    #[test]
    fn a_line_that_just_fits_is_one_line_and_no_character_is_cut() {
        let mut lines = Lines::default();
        let mut shown = Vec::new();
        let fits = [vec![b'x'; LONGEST], b"\n".to_vec()].concat();
        lines.feed(&fits, |line| shown.push(line.len()));
        assert_eq!(shown, [LONGEST]);
        let wide = "x".to_owned() + &"ä".repeat(LONGEST);
        lines.feed(wide.as_bytes(), |line| assert!(std::str::from_utf8(&line).is_ok(), "a character is cut"));
    }
}
