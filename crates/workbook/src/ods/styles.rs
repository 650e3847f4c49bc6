use std::collections::{HashMap, HashSet};

use crate::error::Reason;
use crate::xml::{Node, Scanner, Tag};

/// How many styles a style may build upon.
const DEEPEST: usize = 32;

/// What is to be known of the styles of a spreadsheet.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    /// Styles of cells: what they build upon, and how they show numbers.
    cells: HashMap<String, (Option<String>, Option<String>)>,
    /// Ways to show a time of day. All other times are spans: their hours do not end at 24, or there are none.
    clocks: HashSet<String>,
    /// Styles of tabs that are hidden.
    hidden: HashSet<String>,
    /// The way to show numbers that is being read, and whether it has hours and spans of time.
    reading: Option<(String, bool, bool)>,
    /// The style that is being read.
    reading_style: Option<String>,
}

impl Styles {
    /// Reads all styles of a document.
    pub(crate) fn add(&mut self, part: &str, source: &str) -> Result<(), Reason> {
        let mut scanner = Scanner::new(part, source);
        while let Some(node) = scanner.next()? {
            match node {
                Node::Open { tag, .. } => self.open(&tag),
                Node::Close(name) => self.close(name),
                Node::Text(_) => {}
            }
        }
        Ok(())
    }

    /// Takes note of an element, if it says something of a style.
    pub(crate) fn open(&mut self, tag: &Tag<'_>) {
        let get = |name| tag.attribute(name).map(std::borrow::Cow::into_owned);
        match tag.full_name() {
            "number:time-style" => {
                let span = tag.attribute("number:truncate-on-overflow").is_some_and(|set| set == "false");
                self.reading = get("style:name").map(|name| (name, false, span));
            }
            "number:hours" => {
                if let Some((_, hours, _)) = &mut self.reading {
                    *hours = true;
                }
            }
            "style:style" => {
                let Some(name) = get("style:name") else { return };
                if tag.attribute("style:family").is_some_and(|family| family == "table-cell") {
                    self.cells.insert(name.clone(), (get("style:parent-style-name"), get("style:data-style-name")));
                }
                self.reading_style = Some(name);
            }
            "style:table-properties" if tag.attribute("table:display").is_some_and(|display| display == "false") => {
                self.hidden.extend(self.reading_style.clone());
            }
            _ => {}
        }
    }

    /// Takes note of the end of an element.
    pub(crate) fn close(&mut self, name: &str) {
        if name == "time-style"
            && let Some((name, true, false)) = self.reading.take()
        {
            self.clocks.insert(name);
        }
    }

    /// Whether tabs of a style are hidden.
    pub(crate) fn is_hidden(&self, style: &str) -> bool {
        self.hidden.contains(style)
    }

    /// Whether cells of a style show times as times of day.
    pub(crate) fn is_clock(&self, style: &str) -> bool {
        self.shown_by(style).is_some_and(|way| self.clocks.contains(way))
    }

    /// How cells of a style show numbers, by name; nothing if they show them as they are.
    pub(crate) fn shown_by(&self, style: &str) -> Option<&str> {
        let mut name = style;
        for _ in 0..DEEPEST {
            match self.cells.get(name)? {
                (_, Some(way)) => return Some(way),
                (Some(parent), None) => name = parent,
                (None, None) => return None,
            }
        }
        None
    }
}
