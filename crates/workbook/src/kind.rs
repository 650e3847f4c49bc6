use crate::error::Reason;
use crate::xml::{self, Node, Scanner};

/// Beginning of a compound file (OLE2), in which old office programs kept everything.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// What a file is by what stands in it; its name does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A zip archive: `.xlsx` or `.ods`.
    Zip,
    /// OpenDocument as one XML document: `.fods`.
    FlatOds,
    /// SpreadsheetML of 2003, "XML Spreadsheet".
    Xml2003,
    /// Text.
    Csv,
}

impl Kind {
    /// Tells what a file is.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, Reason> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Reason::Empty);
        }
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return Ok(Self::Zip);
        }
        if bytes.starts_with(COMPOUND) {
            return Err(compound(bytes));
        }
        let foreign: [(&[u8], &str); 8] = [
            (b"\x09\x08", "an old workbook (.xls)"),
            (b"\x09\x04", "an old workbook (.xls)"),
            (b"%PDF", "a PDF"),
            (b"\x89PNG", "a picture"),
            (b"\xff\xd8\xff", "a picture"),
            (b"GIF8", "a picture"),
            (b"\x1f\x8b", "a file packed with gzip"),
            (b"{\\rtf", "a text document"),
        ];
        if let Some((_, what)) = foreign.iter().find(|(begin, _)| bytes.starts_with(begin)) {
            return Err(if what.ends_with("(.xls)") {
                Reason::Unsupported { what, done: "read" }
            } else {
                Reason::NotASpreadsheet { what }
            });
        }
        // A look at the beginning is enough; it is decoded as a whole where it is read.
        let letters =
            bytes.iter().filter(|&&byte| byte != 0).skip_while(|&&byte| byte.is_ascii_whitespace() || byte >= 0x80);
        if letters.clone().next() == Some(&b'<') { Self::of_xml(bytes) } else { Ok(Self::Csv) }
    }

    fn of_xml(bytes: &[u8]) -> Result<Self, Reason> {
        let other = Reason::NotASpreadsheet { what: "an XML document of another kind" };
        let head: String = bytes.iter().take(512).filter(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect();
        let head = head.to_ascii_lowercase();
        if head.contains("<html") || head.contains("<!doctype html") || head.contains("<table") {
            return Err(Reason::NotASpreadsheet { what: "a web page" });
        }
        let source = xml::decode("", bytes)?;
        let mut scanner = Scanner::new("", &source);
        while let Some(node) = scanner.next()? {
            if let Node::Open { tag, .. } = node {
                return match tag.full_name() {
                    "office:document" => Ok(Self::FlatOds),
                    _ if tag.name() == "Workbook" => Ok(Self::Xml2003),
                    _ => Err(other),
                };
            }
        }
        Err(other)
    }
}

/// What a compound file is. Names in its directory are UTF-16.
fn compound(bytes: &[u8]) -> Reason {
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(name.len()).any(|window| window == name)
    };
    if has("EncryptedPackage") {
        Reason::Protected
    } else if has("Workbook") || has("Book") {
        Reason::Unsupported { what: "an old workbook (.xls)", done: "read" }
    } else {
        Reason::NotASpreadsheet { what: "a document of an old office program" }
    }
}
