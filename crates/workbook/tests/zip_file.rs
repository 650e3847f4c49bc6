//! Zip archives for tests: made, and taken apart.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// One part of an archive.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// All its bytes: header, extra fields and packed data.
    pub(crate) raw: Vec<u8>,
    pub(crate) content: Vec<u8>,
}

fn u32_of(size: usize) -> u32 {
    u32::try_from(size).expect("small")
}

fn u16_of(size: usize) -> u16 {
    u16::try_from(size).expect("small")
}

/// Makes an archive.
pub(crate) fn build(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in parts {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).expect("packed");
        let packed = encoder.finish().expect("packed");
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut fields = Vec::new();
        // Version, flags, method, time, date.
        for number in [20_u16, 0, 8, 0x5a5a, 0x5a5a] {
            fields.extend(number.to_le_bytes());
        }
        for number in [crc.sum(), u32_of(packed.len()), u32_of(content.len())] {
            fields.extend(number.to_le_bytes());
        }
        fields.extend(u16_of(name.len()).to_le_bytes());
        // An extra field that nobody knows.
        let extra = b"\xfe\xca\x02\x00ok";
        fields.extend(u16_of(extra.len()).to_le_bytes());
        let offset = u32_of(out.len());
        for bytes in [b"PK\x03\x04".as_slice(), &fields, name.as_bytes(), extra, &packed] {
            out.extend_from_slice(bytes);
        }
        for bytes in
            [b"PK\x01\x02\x14\x00".as_slice(), &fields, &[0; 10], &offset.to_le_bytes(), name.as_bytes(), extra]
        {
            directory.extend_from_slice(bytes);
        }
    }
    let at = u32_of(out.len());
    let count = u16_of(parts.len()).to_le_bytes();
    out.extend_from_slice(&directory);
    for bytes in
        [b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &u32_of(directory.len()).to_le_bytes(), &at.to_le_bytes()]
    {
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(b"\x07\x00comment");
    out
}

/// Takes an archive apart, in the order of its directory.
pub(crate) fn parts(bytes: &[u8]) -> Vec<Part> {
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06").expect("an end");
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four")) as usize;
    let mut at = u32_at(end + 16);
    let mut parts = Vec::new();
    for _ in 0..u16_at(end + 10) {
        let name = String::from_utf8(bytes[at + 46..at + 46 + u16_at(at + 28)].to_vec()).expect("a name");
        let (local, packed) = (u32_at(at + 42), u32_at(at + 20));
        let data = local + 30 + u16_at(local + 26) + u16_at(local + 28);
        let mut content = Vec::new();
        if u16_at(at + 10) == 8 {
            DeflateDecoder::new(&bytes[data..data + packed]).read_to_end(&mut content).expect("unpacked");
        } else {
            content = bytes[data..data + packed].to_vec();
        }
        parts.push(Part { name, raw: bytes[local..data + packed].to_vec(), content });
        at += 46 + u16_at(at + 28) + u16_at(at + 30) + u16_at(at + 32);
    }
    parts
}

/// The text of one part.
pub(crate) fn text(bytes: &[u8], name: &str) -> String {
    let part = parts(bytes).into_iter().find(|part| part.name == name).unwrap_or_else(|| panic!("no `{name}`"));
    String::from_utf8(part.content).expect("a text")
}

/// Asserts that two archives have the same parts, byte for byte, but for those that may differ.
pub(crate) fn assert_same_but(before: &[u8], after: &[u8], changed: &[&str]) {
    let (before, after) = (parts(before), parts(after));
    let names = |parts: &[Part]| parts.iter().map(|part| part.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    for (before, after) in before.iter().zip(&after) {
        if changed.contains(&&*before.name) {
            assert_ne!(before.content, after.content, "{}", before.name);
        } else {
            assert_eq!(before.raw, after.raw, "{}", before.name);
        }
    }
}
