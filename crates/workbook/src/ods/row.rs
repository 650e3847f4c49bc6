use std::ops::Range;

use crate::error::Reason;
use crate::ods::paragraphs;
use crate::xml::{Node, Scanner, Tag};

/// A row as it is written. It may stand for several that are the same.
pub(crate) struct RowSource<'a> {
    pub(crate) tag: Tag<'a>,
    /// Whether it is written `<table:table-row/>`.
    pub(crate) empty: bool,
    /// For how many rows it stands.
    pub(crate) repeated: u32,
    pub(crate) cells: Vec<CellSource<'a>>,
    /// Where it is in the document, and its inside.
    pub(crate) place: Range<usize>,
    pub(crate) inside: Range<usize>,
}

/// A cell as it is written. It may stand for several that are the same.
pub(crate) struct CellSource<'a> {
    pub(crate) tag: Tag<'a>,
    /// For how many cells it stands.
    pub(crate) repeated: u32,
    /// Whether it lies under a merged cell.
    pub(crate) covered: bool,
    /// Its paragraphs, one a line; nothing if there is none.
    pub(crate) text: Option<String>,
    /// Where it is in the document, and its inside; those are the same if it is written as an empty element.
    pub(crate) place: Range<usize>,
    pub(crate) inside: Range<usize>,
    /// Where its paragraphs are.
    pub(crate) paragraphs: Vec<Range<usize>>,
}

impl<'a> RowSource<'a> {
    /// Reads the row that was just opened.
    pub(crate) fn read(scanner: &mut Scanner<'a>, tag: Tag<'a>, empty: bool) -> Result<Self, Reason> {
        let opened = scanner.span();
        let mut cells = Vec::new();
        loop {
            match scanner.next()? {
                Some(Node::Open { tag, empty }) => match tag.full_name() {
                    "table:table-cell" => cells.push(CellSource::read(scanner, tag, empty, false)?),
                    "table:covered-table-cell" => cells.push(CellSource::read(scanner, tag, empty, true)?),
                    _ => scanner.skip()?,
                },
                Some(Node::Text(_)) => {}
                Some(Node::Close(_)) => break,
                None => return Err(scanner.damaged("it ends in the middle")),
            }
        }
        let closed = scanner.span();
        let repeated = repeated(&tag, "table:number-rows-repeated");
        Ok(Self { tag, empty, repeated, cells, place: opened.start..closed.end, inside: opened.end..closed.start })
    }
}

impl RowSource<'_> {
    /// Whether the cell of a column holds something.
    pub(crate) fn is_filled(&self, column: u32) -> bool {
        let mut last: u32 = 0;
        let cell = self.cells.iter().find(|cell| {
            last = last.saturating_add(cell.repeated);
            column <= last
        });
        let told = ["office:value-type", "table:formula"];
        cell.is_some_and(|cell| cell.text.is_some() || told.iter().any(|name| cell.tag.attribute(name).is_some()))
    }
}

impl<'a> CellSource<'a> {
    fn read(scanner: &mut Scanner<'a>, tag: Tag<'a>, empty: bool, covered: bool) -> Result<Self, Reason> {
        let opened = scanner.span();
        let mut text: Option<String> = None;
        let mut paragraphs = Vec::new();
        loop {
            let begin = match scanner.next()? {
                Some(Node::Open { tag, .. }) if tag.full_name() == "text:p" => scanner.span().start,
                Some(Node::Open { .. }) => {
                    scanner.skip()?;
                    continue;
                }
                Some(Node::Text(_)) => continue,
                Some(Node::Close(_)) => break,
                None => return Err(scanner.damaged("it ends in the middle")),
            };
            match &mut text {
                Some(text) => text.push('\n'),
                None => text = Some(String::new()),
            }
            let line = text.get_or_insert_default();
            let before = std::mem::take(line);
            paragraphs::read(scanner, line)?;
            line.insert_str(0, &before);
            paragraphs.push(begin..scanner.span().end);
        }
        let closed = scanner.span();
        let inside = if empty { closed.end..closed.end } else { opened.end..closed.start };
        let repeated = repeated(&tag, "table:number-columns-repeated");
        Ok(Self { tag, repeated, covered, text, place: opened.start..closed.end, inside, paragraphs })
    }

    /// How far it reaches if it is the first of a merged range: rows and columns.
    pub(crate) fn spanned(&self) -> (u32, u32) {
        (repeated(&self.tag, "table:number-rows-spanned"), repeated(&self.tag, "table:number-columns-spanned"))
    }

    /// How far its formula reaches if that fills several cells: rows and columns.
    pub(crate) fn matrix(&self) -> (u32, u32) {
        (
            repeated(&self.tag, "table:number-matrix-rows-spanned"),
            repeated(&self.tag, "table:number-matrix-columns-spanned"),
        )
    }
}

/// A number of rows or columns; 1 unless something else is said.
pub(crate) fn repeated(tag: &Tag<'_>, name: &str) -> u32 {
    tag.attribute(name).and_then(|count| count.parse().ok()).unwrap_or(1).max(1)
}
