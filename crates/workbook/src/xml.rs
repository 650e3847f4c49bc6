//! XML as spreadsheets use it: elements, attributes and texts, each with its place in the document, so that all that is not
//! changed can be kept as it is. A document type is refused, and with it every entity but the five of XML itself.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{Encoding, UTF_8};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;

use crate::error::Reason;

/// How deep elements may stand in each other. Spreadsheets need about 20.
const DEEPEST: usize = 256;

/// The text of a document, in whatever letters it is stored.
pub(crate) fn decode<'a>(part: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, Reason> {
    let wrong = || Reason::damaged(part, "its letters are not what it says they are");
    let (encoding, mark) = letters(bytes).ok_or_else(wrong)?;
    encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]).ok_or_else(wrong)
}

/// The text of a document that is stored as UTF-8, as what is changed has to be.
pub(crate) fn utf8<'a>(part: &str, bytes: &'a [u8]) -> Result<&'a str, Reason> {
    match (letters(bytes), decode(part, bytes)?) {
        (Some((encoding, _)), Cow::Borrowed(text)) if encoding == UTF_8 => Ok(text),
        _ => Err(Reason::Unsupported { what: "XML in other letters than UTF-8", done: "changed" }),
    }
}

/// In which letters a document is stored by its own word, and the bytes of the mark at its beginning.
fn letters(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    if let Some(marked) = Encoding::for_bom(bytes) {
        return Some(marked);
    }
    let declaration = bytes.split(|&byte| byte == b'>').next().unwrap_or_default();
    let label = declaration.strip_prefix(b"<?xml").and_then(|rest| {
        let rest = std::str::from_utf8(rest).ok()?;
        let value = rest.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
        value.get(1..)?.split(['"', '\'']).next()
    });
    match label {
        Some(label) => Some((Encoding::for_label(label.as_bytes())?, 0)),
        None => Some((UTF_8, 0)),
    }
}

/// An opening element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag<'a> {
    /// What stands between the angle brackets, without a closing slash.
    content: &'a str,
    /// Bytes of its name, with the prefix.
    name: usize,
}

impl<'a> Tag<'a> {
    /// Its name without the prefix.
    pub(crate) fn name(&self) -> &'a str {
        local(self.full_name())
    }

    /// Its name with the prefix.
    pub(crate) fn full_name(&self) -> &'a str {
        &self.content[..self.name]
    }

    /// The prefix of its name with the colon, if it has one: what other elements of the same kind begin with.
    pub(crate) fn prefix(&self) -> &'a str {
        &self.content[..self.name - self.name().len()]
    }

    /// An attribute by its name: with a prefix if one is given, else whatever its prefix is.
    pub(crate) fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw_attributes().find(|(key, _)| is_named(key, name)).and_then(|(_, value)| unescape(value).ok())
    }

    /// The tag with attributes replaced, added (at the end) or, by `None`, taken away. All others stay as they are written.
    pub(crate) fn with(&self, changes: &[(&str, Option<&str>)], empty: bool) -> String {
        let mut text = format!("<{}", self.full_name());
        let mut add = |key: &str, value: &str| {
            for piece in [" ", key, "=\"", value, "\""] {
                text.push_str(piece);
            }
        };
        let mut done = vec![false; changes.len()];
        for (key, value) in self.raw_attributes() {
            match changes.iter().position(|(name, _)| is_named(key, name)) {
                // A quote may stand in a value only if the other kind stands around it.
                None => add(key, &value.replace('"', "&quot;")),
                Some(at) => {
                    if let Some(value) = changes[at].1.filter(|_| !std::mem::replace(&mut done[at], true)) {
                        add(key, &escape(value));
                    }
                }
            }
        }
        for ((name, value), _) in changes.iter().zip(done).filter(|(_, done)| !done) {
            if let Some(value) = value {
                add(name, &escape(value));
            }
        }
        text.push_str(if empty { "/>" } else { ">" });
        text
    }

    fn raw_attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let content = self.content;
        let mut attributes = Attributes::new(content, self.name);
        attributes.with_checks(false);
        attributes.map_while(Result::ok).filter_map(move |attribute| match attribute.value {
            Cow::Borrowed(value) => Some((attribute.key.0, value)),
            Cow::Owned(_) => None,
        })
    }
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

fn is_named(key: &str, name: &str) -> bool {
    if name.contains(':') { key == name } else { local(key) == name }
}

/// One piece of a document.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// An element begins. An empty one (`<a/>`) is followed by its end, which takes no place.
    Open {
        /// What it is called, and its attributes.
        tag: Tag<'a>,
        /// Whether it is written `<a/>`.
        empty: bool,
    },
    /// An element ends.
    Close(&'a str),
    /// Text, as it is meant.
    Text(Cow<'a, str>),
}

/// Goes through a document from its beginning to its end.
pub(crate) struct Scanner<'a> {
    part: &'a str,
    source: &'a str,
    reader: Reader<&'a [u8]>,
    /// The name of an empty element whose end was not told yet.
    pending: Option<&'a str>,
    depth: usize,
    /// Where the last piece begins and ends.
    span: Range<usize>,
}

impl<'a> Scanner<'a> {
    /// Begins with a document; `part` is what errors call it.
    pub(crate) fn new(part: &'a str, source: &'a str) -> Self {
        Self { part, source, reader: Reader::from_str(source), pending: None, depth: 0, span: 0..0 }
    }

    /// Where the last piece begins and ends, in bytes.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// An error about this document.
    pub(crate) fn damaged(&self, why: impl Into<String>) -> Reason {
        Reason::damaged(self.part, why)
    }

    /// The next piece; nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Node<'a>>, Reason> {
        if let Some(name) = self.pending.take() {
            self.span = self.span.end..self.span.end;
            return Ok(Some(Node::Close(name)));
        }
        loop {
            let start = self.position();
            let event = self.reader.read_event().map_err(|error| self.damaged(error.to_string()))?;
            self.span = start..self.position();
            let inner = |ends: usize| &self.source[start + 1..self.span.end - ends];
            return Ok(Some(match event {
                Event::Start(element) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(Reason::Unsafe {
                            part: self.part.to_owned(),
                            why: "its elements stand too deep in each other",
                        });
                    }
                    Node::Open { tag: Tag { content: inner(1), name: element.name().as_ref().len() }, empty: false }
                }
                Event::Empty(element) => {
                    let tag = Tag { content: inner(2), name: element.name().as_ref().len() };
                    self.pending = Some(tag.name());
                    Node::Open { tag, empty: true }
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Node::Close(local(inner(1)[1..].trim_end()))
                }
                Event::Text(text) => Node::Text(text.xml10_content()),
                Event::CData(text) => Node::Text(text.xml10_content()),
                Event::GeneralRef(reference) => Node::Text(Cow::Owned(self.referred(&reference)?)),
                Event::DocType(_) => {
                    return Err(Reason::Unsafe { part: self.part.to_owned(), why: "it has a document type (DOCTYPE)" });
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
                Event::Eof if self.depth > 0 => return Err(self.damaged("it ends in the middle")),
                Event::Eof => return Ok(None),
            }));
        }
    }

    /// Goes on to the end of the element that was just opened.
    pub(crate) fn skip(&mut self) -> Result<(), Reason> {
        let mut open = 1;
        while open > 0 {
            match self.next()? {
                Some(Node::Open { .. }) => open += 1,
                Some(Node::Close(_)) => open -= 1,
                Some(Node::Text(_)) => {}
                None => return Err(self.damaged("it ends in the middle")),
            }
        }
        Ok(())
    }

    /// What a reference such as `&amp;` or `&#10;` stands for.
    fn referred(&self, name: &str) -> Result<String, Reason> {
        match unescape(&format!("&{name};")) {
            Ok(text) => Ok(text.into_owned()),
            Err(_) if name.starts_with('#') => Err(self.damaged(format!("`&{}` is no letter", name.escape_debug()))),
            Err(_) => Err(Reason::Unsafe { part: self.part.to_owned(), why: "it has entities of its own" }),
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.source.len())
    }
}

/// A text as it is written in a document. What XML has no place for, such as a bell, becomes the sign for a letter that is missing.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Readers turn them into blanks and line feeds otherwise.
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(source: &str) -> Result<Vec<String>, Reason> {
        let mut scanner = Scanner::new("test.xml", source);
        let mut pieces = Vec::new();
        while let Some(node) = scanner.next()? {
            let place = &source[scanner.span()];
            pieces.push(match node {
                Node::Open { tag, .. } => format!("{} {:?} {place}", tag.name(), tag.attribute("b")),
                Node::Close(name) => format!("/{name} {place}"),
                Node::Text(text) => format!("{text:?}"),
            });
        }
        Ok(pieces)
    }

    #[test]
    fn each_piece_knows_its_place() {
        let source = "<?xml version=\"1.0\"?><x:a b='1 &amp; 2'><!-- - --><c />t&#x41;&lt;<![CDATA[<]]></x:a>";
        assert_eq!(
            all(source).expect("a document"),
            [
                "a Some(\"1 & 2\") <x:a b='1 &amp; 2'>",
                "c None <c />",
                "/c ",
                "\"t\"",
                "\"A\"",
                "\"<\"",
                "\"<\"",
                "/a </x:a>"
            ]
        );
    }

    #[test]
    fn what_attackers_use_is_refused() {
        for source in [
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            "<a>&b;</a>",
            &"<a>".repeat(DEEPEST + 1),
        ] {
            let error = all(source).expect_err("refused");
            assert!(matches!(error, Reason::Unsafe { .. }), "{error}");
        }
        for source in ["<a>", "<a></b>", "<a", "<a>&#xffffffff;</a>"] {
            let error = all(source).expect_err("refused");
            assert!(matches!(error, Reason::Damaged { .. }), "{source}: {error}");
        }
    }

    #[test]
    fn only_the_attributes_that_change_are_written_anew() {
        let source = "<x:c r=\"A1\" s='3' t=\"s\"  x:u='a\"b'/>";
        let mut scanner = Scanner::new("test.xml", source);
        let Ok(Some(Node::Open { tag, .. })) = scanner.next() else { panic!("no element") };
        assert_eq!(
            tag.with(&[("t", Some("n")), ("s", None), ("new", Some("<\n"))], false),
            "<x:c r=\"A1\" t=\"n\" x:u=\"a&quot;b\" new=\"&lt;&#10;\">"
        );
        assert_eq!(tag.prefix(), "x:");
    }
}
