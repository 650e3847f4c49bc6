use std::collections::BTreeMap;
use std::path::Path;

use serde_yaml::granit_parser::{Event, Parser, Span};

use crate::{Mark, YamlError};

/// Refuses tags, and anchors with nothing behind them.
///
/// Both are nearly always a pattern without quotes: `hosts: !solr03` would be a tag on an empty text, and `hosts: &web` an
/// anchor on nothing, which an optional setting takes in silence for "not set".
pub(crate) fn refuse_tags(text: &str, file: &Path) -> Result<(), YamlError> {
    if !text.contains(['!', '&']) {
        return Ok(());
    }
    // A syntax error ends the walk; the reader proper meets it again and explains it.
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        let (tag, bare_anchor) = match &event {
            Event::Scalar(_, _, anchor, tag) => (tag.is_some(), *anchor != 0 && span.start.index() == span.end.index()),
            Event::SequenceStart(_, _, tag) | Event::MappingStart(_, _, tag) => (tag.is_some(), false),
            _ => (false, false),
        };
        let sign = match (tag, bare_anchor) {
            (true, _) => '!',
            (_, true) => '&',
            _ => continue,
        };
        let mark = sign_before(text, &span, sign);
        let what = if tag { "a tag cannot be used here" } else { "an anchor with nothing behind it" };
        return Err(YamlError::at(file, mark, what).with_hint(quote_hint(sign)));
    }
    Ok(())
}

/// What helps against a pattern without quotes.
pub(crate) fn quote_hint(sign: char) -> String {
    format!("quote a pattern that starts with `{sign}`: \"{sign}web\"")
}

/// Where a key stood first in the map that has it again at `again`.
pub(crate) fn first_place(text: &str, again: Mark, key: &str) -> Option<Mark> {
    let mut open: Vec<Level> = Vec::new();
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        match event {
            Event::Scalar(value, ..) => {
                let at = mark(&span);
                if let Some(Level::Map { keys, key_next: true }) = open.last_mut() {
                    if at == again {
                        return keys.get(key).copied();
                    }
                    keys.entry(value.into_owned()).or_insert(at);
                }
                value_ended(&mut open);
            }
            Event::Alias(_) => value_ended(&mut open),
            Event::SequenceStart(..) => open.push(Level::List),
            Event::MappingStart(..) => open.push(Level::Map { keys: BTreeMap::new(), key_next: true }),
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                value_ended(&mut open);
            }
            _ => {}
        }
    }
    None
}

enum Level {
    List,
    Map { keys: BTreeMap<String, Mark>, key_next: bool },
}

fn value_ended(open: &mut [Level]) {
    if let Some(Level::Map { key_next, .. }) = open.last_mut() {
        *key_next = !*key_next;
    }
}

fn mark(span: &Span) -> Mark {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: number(span.start.line()), column: number(span.start.col() + 1) }
}

/// The last `sign` in front of a node: the parser places a node behind its tag and anchor.
fn sign_before(text: &str, span: &Span, sign: char) -> Mark {
    let before = span.start.byte_offset().and_then(|end| text.get(..end)).unwrap_or_default();
    let Some(at) = before.rfind(sign) else {
        return mark(span);
    };
    // `!!str` starts at its first sign.
    let start = before[..at].trim_end_matches(sign);
    let column = start.chars().rev().take_while(|&c| c != '\n').count() + 1;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: number(start.split('\n').count()), column: number(column) }
}
