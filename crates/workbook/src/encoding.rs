//! How the letters of a text file are stored.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How the letters of a text file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 behind a byte order mark, as spreadsheets on Windows write and expect it.
    Utf8Marked,
    /// UTF-16, little end first, behind a byte order mark ("Unicode text" of Excel).
    Utf16Le,
    /// UTF-16, big end first, behind a byte order mark.
    Utf16Be,
    /// The one-byte set of western Windows. Every file can be read so; it is what is left if UTF-8 it is not.
    Windows1252,
}

impl Encoding {
    /// Tells how a file is stored.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8Marked,
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ if std::str::from_utf8(bytes).is_ok() => Self::Utf8,
            _ => Self::Windows1252,
        }
    }

    /// The bytes that say so at the beginning of a file.
    fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8Marked => &[0xef, 0xbb, 0xbf],
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
            Self::Utf8 | Self::Windows1252 => &[],
        }
    }

    /// The text of a file; nothing if it cannot be that. What comes out goes back by [`Self::encode`] to the same bytes.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        let bytes = bytes.strip_prefix(self.mark()).unwrap_or(bytes);
        match self {
            Self::Utf8 | Self::Utf8Marked => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Utf16Le => UTF_16LE.decode_without_bom_handling_and_without_replacement(bytes),
            Self::Utf16Be => UTF_16BE.decode_without_bom_handling_and_without_replacement(bytes),
            Self::Windows1252 => WINDOWS_1252.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    /// The bytes of a file. What Windows-1252 has no letter for becomes a question mark.
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        let mut bytes = self.mark().to_vec();
        match self {
            Self::Utf8 | Self::Utf8Marked => bytes.extend_from_slice(text.as_bytes()),
            Self::Utf16Le => bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Windows1252 => {
                let mut letter = [0; 4];
                for c in text.chars() {
                    let (encoded, _, missing) = WINDOWS_1252.encode(c.encode_utf8(&mut letter));
                    bytes.extend_from_slice(if missing { b"?" } else { &encoded });
                }
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_as_the_same_bytes() {
        let every_byte: Vec<u8> = (0..=255).collect();
        let files: [&[u8]; 6] = [
            b"a;b\r\n",
            "Stra\u{df}e".as_bytes(),
            b"\xef\xbb\xbfa,b",
            b"\xff\xfea\0,\0\xe4\0",
            b"\xfe\xff\0a\0,\0\xe4",
            &every_byte,
        ];
        for bytes in files {
            let encoding = Encoding::of(bytes);
            let text = encoding.decode(bytes).expect("a text");
            assert_eq!(encoding.encode(&text), bytes, "{encoding:?}");
        }
        assert_eq!(Encoding::of(&every_byte), Encoding::Windows1252);
        assert_eq!(Encoding::Windows1252.encode("\u{2713} \u{20ac}"), b"? \x80");
        // Half a letter.
        assert_eq!(Encoding::Utf16Le.decode(b"\xff\xfe\x00\xd8"), None);
    }
}
