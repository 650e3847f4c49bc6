//! How texts of cells hold what XML cannot: `_x001B_` is the character 1B.

use std::borrow::Cow;

/// Bytes of an escape.
const LENGTH: usize = "_x0000_".len();

/// The number in an escape that begins here.
fn escape_at(text: &str) -> Option<u32> {
    let digits = text.get(..LENGTH)?.strip_prefix("_x")?.strip_suffix('_')?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// The text that is meant.
pub(crate) fn decode(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("_x") {
        return text;
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find("_x") {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(c) = escape_at(rest).and_then(char::from_u32) {
            decoded.push(c);
            rest = &rest[LENGTH..];
        } else {
            decoded.push('_');
            rest = &rest[1..];
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// The text as it is written; what looks like an escape and is none is escaped itself.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '_' if escape_at(&text[at..]).is_some() => encoded.push_str("_x005F_"),
            '\t' | '\n' => encoded.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => encoded.push_str(&format!("_x{:04X}_", u32::from(c))),
            c => encoded.push(c),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_as_it_was_written() {
        for (text, written) in [
            ("plain _x_ _x12_", "plain _x_ _x12_"),
            ("\u{1b}[31m\r\n", "_x001B_[31m_x000D_\n"),
            ("_x001B_", "_x005F_x001B_"),
            ("__x0041_", "__x005F_x0041_"),
            ("_x005F_x0041_", "_x005F_x005F_x005F_x0041_"),
        ] {
            assert_eq!(encode(text), written);
            assert_eq!(decode(written.into()), text);
        }
        assert_eq!(decode("_xD800_ _x00e4_".into()), "_xD800_ \u{e4}");
    }
}
