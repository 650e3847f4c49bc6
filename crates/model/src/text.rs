use std::fmt::Write;

/// A count with its noun: `1 host`, `2 hosts`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Bytes as hexadecimal digits, lower case; for hashes.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        push_digits(*byte, &mut text);
    }
    text
}

/// Turns whatever a host or a file said into text that cannot drive a terminal.
///
/// Printable characters stay. A tab stays; a line break stays. Every other control character (C0, DEL, C1 in both its forms),
/// every character that changes the writing direction (U+061C, U+200E, U+200F, U+202A…U+202E, U+2066…U+2069), the line and
/// paragraph separators, the byte order mark and every byte that is not UTF-8 becomes a visible escape such as `\x1b` or
/// `\u{202e}`. Source: Unicode Technical Report 36; `vis(3)` as OpenSSH uses it for what servers send.
pub fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        // What stays is copied as it lies there, not one by one: hosts may say much.
        let mut copied = 0;
        for (at, c) in valid.char_indices().filter(|(_, c)| is_dangerous(*c)) {
            text.push_str(&valid[copied..at]);
            copied = at + c.len_utf8();
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => escape(byte, &mut text),
                _ => _ = write!(text, "\\u{{{:x}}}", c as u32),
            }
        }
        text.push_str(&valid[copied..]);
        chunk.invalid().iter().for_each(|byte| escape(*byte, &mut text));
    }
    text
}

/// Whether a character can do something to a terminal, or to how a line reads.
fn is_dangerous(c: char) -> bool {
    if c < '\u{61c}' {
        // Most text is that.
        return c.is_control() && !matches!(c, '\n' | '\t');
    }
    matches!(
        c,
        '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Appends `\x1b` for 27.
fn escape(byte: u8, text: &mut String) {
    text.push_str("\\x");
    push_digits(byte, text);
}

/// Appends `1b` for 27.
fn push_digits(byte: u8, text: &mut String) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    text.push(DIGITS[usize::from(byte >> 4)]);
    text.push(DIGITS[usize::from(byte & 0xf)]);
}

/// What a host or a file said, fit to stand in a message: one line that drives no terminal, of at most so many characters and a mark
/// where it was cut.
pub fn shortened(said: &str, longest: usize) -> String {
    // Escapes are longer than what they stand for, and what comes in may have no end.
    let beginning: String = said.trim().chars().take(longest + 1).collect();
    let safe = visible(beginning.as_bytes()).replace(['\n', '\t'], " ");
    match safe.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &safe[..end]),
        None => safe,
    }
}

/// The text with `<host>` wherever a host's name or address stands as a word of its own.
pub fn nameless(text: &str, name: &str) -> String {
    let part_of_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut rest = text;
    let mut out = String::new();
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let begins = !before.chars().next_back().is_some_and(part_of_name);
        // A full stop at the end of a sentence is not part of a name.
        let mut next = after.chars();
        let ends = match next.next() {
            Some('.') => !next.next().is_some_and(char::is_alphanumeric),
            Some(c) => !part_of_name(c),
            None => true,
        };
        out.push_str(before);
        out.push_str(if begins && ends { "<host>" } else { name });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_drives_a_terminal_survives() {
        let corpus: &[&[u8]] = &[
            b"\x1b]0;title\x07",
            b"\x1b]52;c;aGk=\x07",
            b"\x1b]8;;http://x\x1b\\link",
            b"\x1bP$q\"p\x1b\\",
            b"\x1b[2J\x9b2J",
            b"ok\rFAILED",
            b"\xc2\x9b31m",
            "\u{202e}evil".as_bytes(),
            b"\xff\xfe\x00",
        ];
        for bytes in corpus {
            let text = visible(bytes);
            assert!(text.chars().all(|c| !c.is_control()), "{text:?}");
            assert!(!text.contains('\u{202e}'), "{text:?}");
        }
        assert_eq!(visible("añb\tc\n".as_bytes()), "añb\tc\n");
        assert_eq!(visible(b"\x1b[31m"), "\\x1b[31m");
    }

    #[test]
    fn one_is_not_a_plural() {
        assert_eq!(plural(1, "host"), "1 host");
        assert_eq!(plural(0, "host"), "0 hosts");
    }

    #[test]
    fn a_host_is_found_by_its_whole_name_only() {
        for (text, expected) in [
            ("no answer from `web1` within 30s", "no answer from `<host>` within 30s"),
            ("web1: down. Was it web1.", "<host>: down. Was it <host>."),
            ("web11, xweb1, web1-eth0, web1.example.com", "web11, xweb1, web1-eth0, web1.example.com"),
        ] {
            assert_eq!(nameless(text, "web1"), expected);
        }
    }
}
