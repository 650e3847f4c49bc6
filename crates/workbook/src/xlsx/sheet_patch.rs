use std::collections::{BTreeMap, BTreeSet};

use crate::Value;
use crate::edit::{RowEdits, TabEdits};
use crate::error::Reason;
use crate::number_format::Shown;
use crate::reference::{self, Range};
use crate::splice::Splice;
use crate::xlsx::cell_style::{Content, Written};
use crate::xlsx::escapes;
use crate::xlsx::formulas::Formulas;
use crate::xlsx::serial::Epoch;
use crate::xlsx::sheet::{column_number, row_number};
use crate::xlsx::styles::Styles;
use crate::xml::{self, Node, Scanner, Tag};

/// The changes to one tab.
pub(crate) struct SheetPatch<'a> {
    pub(crate) tab: &'a str,
    /// The part that holds it.
    pub(crate) part: &'a str,
    pub(crate) edits: &'a TabEdits<'a>,
    pub(crate) styles: &'a Styles,
    pub(crate) epoch: Epoch,
    /// Whether the workbook has formulas, whose results have to be worked out anew.
    pub(crate) calculates: bool,
}

impl SheetPatch<'_> {
    /// The part with the cells changed, and the cells that had a formula and have none any more.
    pub(crate) fn apply(&self, source: &str) -> Result<(String, BTreeSet<(u32, u32)>), Reason> {
        let mut work = Work {
            patch: self,
            scanner: Scanner::new(self.part, source),
            out: Splice::new(source),
            rows: self.edits.iter().peekable(),
            prefix: String::new(),
            columns: Vec::new(),
            above: Line::default(),
            formulas: Formulas::default(),
        };
        work.document()?;
        let Work { out, formulas, .. } = work;
        if let Some((row, column)) = formulas.torn() {
            return Err(self.wrong(row, column, "other cells use its formula (it is shared, or an array)"));
        }
        Ok((out.finish(), formulas.gone))
    }

    fn wrong(&self, row: u32, column: u32, why: &str) -> Reason {
        Reason::Cell { tab: self.tab.to_owned(), row, column, why: why.to_owned() }
    }

    /// The first cell of the edits that is in a range, except for the cell at its beginning.
    fn covered(&self, range: Range) -> Option<(u32, u32)> {
        let rows = self.edits.range(range.first.0..=range.last.0);
        let mut cells = rows
            .flat_map(|(&row, cells)| cells.range(range.first.1..=range.last.1).map(move |(&column, _)| (row, column)));
        cells.find(|&cell| cell != range.first)
    }
}

/// A row that was gone through: the styles of its cells.
#[derive(Default)]
struct Line {
    number: u32,
    styles: BTreeMap<u32, usize>,
}

impl Line {
    /// The style of the nearest cell to the left.
    fn left_of(&self, column: u32) -> Option<usize> {
        self.styles.range(..column).next_back().map(|(_, style)| *style)
    }
}

/// Goes through a part once and writes it anew.
struct Work<'a> {
    patch: &'a SheetPatch<'a>,
    scanner: Scanner<'a>,
    out: Splice<'a>,
    /// The rows that are still to be changed.
    rows: std::iter::Peekable<std::collections::btree_map::Iter<'a, u32, RowEdits<'a>>>,
    /// What names of elements begin with.
    prefix: String,
    /// Styles of whole columns: first, last, style.
    columns: Vec<(u32, u32, usize)>,
    /// The row above the one that is being written.
    above: Line,
    formulas: Formulas,
}

impl<'a> Work<'a> {
    fn document(&mut self) -> Result<(), Reason> {
        let mut calculation_due = false;
        let mut found = false;
        while let Some(node) = self.scanner.next()? {
            let place = self.scanner.span();
            match node {
                Node::Open { tag, empty } => {
                    if std::mem::take(&mut calculation_due) {
                        self.calculate(Some((&tag, empty)));
                    }
                    match tag.name() {
                        "dimension" => self.dimension(&tag, empty),
                        "col" => self.column(&tag),
                        "sheetData" if !found => {
                            found = true;
                            self.prefix = tag.prefix().to_owned();
                            self.rows(&tag, empty)?;
                            calculation_due = self.patch.calculates;
                        }
                        "mergeCell" => self.merged(&tag)?,
                        _ => {}
                    }
                }
                Node::Close("worksheet") if calculation_due => {
                    self.out.keep_to(place.start);
                    self.calculate(None);
                    calculation_due = false;
                }
                Node::Close(_) | Node::Text(_) => {}
            }
        }
        if found { Ok(()) } else { Err(self.scanner.damaged("it has no cells")) }
    }

    /// Asks whoever opens the workbook to calculate anew: what formulas gave may depend on what was changed. The element stands
    /// right behind the cells.
    fn calculate(&mut self, next: Option<(&Tag<'_>, bool)>) {
        let place = self.scanner.span();
        self.out.keep_to(place.start);
        match next {
            Some((tag, empty)) if tag.name() == "sheetCalcPr" => {
                self.out.push(&tag.with(&[("fullCalcOnLoad", Some("1"))], empty));
                self.out.skip_to(place.end);
            }
            _ => self.out.push(&format!("<{}sheetCalcPr fullCalcOnLoad=\"1\"/>", self.prefix)),
        }
    }

    /// The range that is in use grows by what is written.
    fn dimension(&mut self, tag: &Tag<'_>, empty: bool) {
        let Some(old) = tag.attribute("ref").and_then(|range| Range::parse(&range)) else { return };
        let mut new = old;
        for (&row, cells) in self.patch.edits {
            for (&column, value) in cells {
                if !is_empty(value) {
                    new = new.with(row, column);
                }
            }
        }
        if new != old {
            let place = self.scanner.span();
            self.out.keep_to(place.start);
            self.out.push(&tag.with(&[("ref", Some(&new.text()))], empty));
            self.out.skip_to(place.end);
        }
    }

    fn column(&mut self, tag: &Tag<'_>) {
        let number = |name| tag.attribute(name).and_then(|number| number.parse().ok());
        if let (Some(first), Some(last), Some(style)) = (number("min"), number("max"), number("style")) {
            self.columns.push((first, last, style as usize));
        }
    }

    fn merged(&self, tag: &Tag<'_>) -> Result<(), Reason> {
        let range = tag.attribute("ref").and_then(|range| Range::parse(&range));
        let range = range.ok_or_else(|| self.scanner.damaged("a merged range is none"))?;
        match self.patch.covered(range) {
            Some((row, column)) => {
                let why = format!(
                    "it is merged with {}, and nobody would see it",
                    reference::name(range.first.0, range.first.1)
                );
                Err(self.patch.wrong(row, column, &why))
            }
            None => Ok(()),
        }
    }

    /// Goes through the rows.
    fn rows(&mut self, tag: &Tag<'_>, empty: bool) -> Result<(), Reason> {
        if empty {
            let place = self.scanner.span();
            self.out.keep_to(place.start);
            self.out.push(&tag.with(&[], false));
            self.new_rows(u32::MAX);
            self.out.push(&format!("</{}>", tag.full_name()));
            self.out.skip_to(place.end);
            return self.scanner.skip();
        }
        let mut number = 0;
        loop {
            let node = self.scanner.next()?;
            let place = self.scanner.span();
            match node {
                Some(Node::Open { tag, empty }) if tag.name() == "row" => {
                    number = row_number(&self.scanner, &tag, number)?;
                    if self.rows.peek().is_some_and(|(row, _)| **row < number) {
                        self.out.keep_to(place.start);
                        self.new_rows(number);
                    }
                    self.row(&tag, empty, number)?;
                }
                Some(Node::Open { .. }) => self.scanner.skip()?,
                Some(Node::Close(_)) => {
                    if self.rows.peek().is_some() {
                        self.out.keep_to(place.start);
                        self.new_rows(u32::MAX);
                    }
                    return Ok(());
                }
                Some(Node::Text(_)) => {}
                None => return Err(self.scanner.damaged("it ends in the middle")),
            }
        }
    }

    /// Writes the rows before one that are not there yet.
    fn new_rows(&mut self, before: u32) {
        while let Some((&number, cells)) = self.rows.next_if(|(row, _)| **row < before) {
            if cells.values().all(|value| is_empty(value)) {
                continue;
            }
            self.out.push(&format!("<{}row r=\"{number}\">", self.prefix));
            let mut line = Line { number, ..Line::default() };
            for (&column, value) in cells {
                self.new_cell(&mut line, None, column, value);
            }
            self.out.push(&format!("</{}row>", self.prefix));
            self.above = line;
        }
    }

    /// Goes through a row, and changes its cells.
    fn row(&mut self, tag: &Tag<'a>, empty: bool, number: u32) -> Result<(), Reason> {
        let nothing = RowEdits::new();
        let edits = self.rows.next_if(|(row, _)| **row == number).map_or(&nothing, |(_, cells)| cells);
        let filled = edits.iter().any(|(_, value)| !is_empty(value));
        let place = self.scanner.span();
        let row_style = tag.attribute("s").and_then(|style| style.parse().ok());
        let row_style =
            row_style.filter(|_| tag.attribute("customFormat").is_some_and(|set| set == "1" || set == "true"));
        if filled {
            self.out.keep_to(place.start);
            let spans = tag.attribute("spans").and_then(|spans| wider(&spans, edits));
            match spans {
                Some(spans) => self.out.push(&tag.with(&[("spans", Some(&spans))], false)),
                None if empty => self.out.push(&tag.with(&[], false)),
                None => self.out.keep_to(place.end),
            }
            self.out.skip_to(place.end);
        }
        let mut line = Line { number, ..Line::default() };
        let mut column = 0;
        let mut left = edits.iter().peekable();
        loop {
            let node = self.scanner.next()?;
            let place = self.scanner.span();
            match node {
                Some(Node::Open { tag, empty }) if tag.name() == "c" => {
                    column = column_number(&self.scanner, &tag, number, column)?;
                    let style = tag.attribute("s").and_then(|style| style.parse().ok()).unwrap_or(0);
                    while let Some((&before, value)) = left.next_if(|(edit, _)| **edit < column) {
                        self.out.keep_to(place.start);
                        self.new_cell(&mut line, row_style, before, value);
                    }
                    line.styles.insert(column, style);
                    match left.next_if(|(edit, _)| **edit == column) {
                        Some((_, value)) => self.changed_cell(&mut line, &tag, column, value)?,
                        None => self.kept_cell(number, column, empty)?,
                    }
                }
                Some(Node::Open { .. }) => self.scanner.skip()?,
                Some(Node::Close(_)) => {
                    self.out.keep_to(place.start);
                    for (&column, value) in left {
                        self.new_cell(&mut line, row_style, column, value);
                    }
                    if empty && filled {
                        self.out.push(&format!("</{}>", tag.full_name()));
                    }
                    self.above = line;
                    return Ok(());
                }
                Some(Node::Text(_)) => {}
                None => return Err(self.scanner.damaged("it ends in the middle")),
            }
        }
    }

    /// Writes a cell that is not there yet.
    fn new_cell(&mut self, line: &mut Line, row_style: Option<usize>, column: u32, value: &Value) {
        if is_empty(value) {
            return;
        }
        let mut style = self.new_style(line, row_style, column);
        // A number is no date because a date would stand there.
        let number = matches!(value, Value::Number(_)) && self.patch.styles.shown(style) != Shown::Number;
        if number {
            style = self.patch.styles.general(style).unwrap_or(style);
        }
        let written = Written::new(value, style, self.patch.styles, self.patch.epoch);
        line.styles.insert(column, written.style);
        let name = reference::name(line.number, column);
        let style = if written.style == 0 { String::new() } else { format!(" s=\"{}\"", written.style) };
        let kind = kind(&written.content).map(|kind| format!(" t=\"{kind}\"")).unwrap_or_default();
        let inner = inner(&self.prefix, &written.content);
        let prefix = &self.prefix;
        self.out.push(&format!("<{prefix}c r=\"{name}\"{style}{kind}>{inner}</{prefix}c>"));
    }

    /// The style of a cell that is not there yet: of its row or column if those have one, as if a person typed it; that of the cell
    /// above if both rows look alike to the left of it; else that of the cell to the left, showing numbers as numbers.
    fn new_style(&self, line: &Line, row_style: Option<usize>, column: u32) -> usize {
        let own = self.columns.iter().find(|(first, last, _)| (*first..=*last).contains(&column));
        let own = row_style.or(own.map(|(_, _, style)| *style).filter(|style| *style != 0));
        let left = line.left_of(column);
        let above = (self.above.number + 1 == line.number && left.is_some() && self.above.left_of(column) == left)
            .then(|| self.above.styles.get(&column).copied())
            .flatten();
        own.or(above).or_else(|| left.map(|left| self.patch.styles.general(left).unwrap_or(left))).unwrap_or(0)
    }

    /// Writes a cell anew. Its style stays, its formula goes.
    fn changed_cell(&mut self, line: &mut Line, tag: &Tag<'_>, column: u32, value: &Value) -> Result<(), Reason> {
        let place = self.scanner.span();
        let cell = (line.number, column);
        let mut depth = 1;
        while depth > 0 {
            match self.scanner.next()? {
                Some(Node::Open { tag, .. }) => {
                    depth += 1;
                    if tag.name() == "f" {
                        self.formulas.overwritten(&tag, cell);
                    }
                }
                Some(Node::Close(_)) => depth -= 1,
                Some(Node::Text(_)) => {}
                None => return Err(self.scanner.damaged("it ends in the middle")),
            }
        }
        let style = line.styles.get(&column).copied().unwrap_or(0);
        let written = Written::new(value, style, self.patch.styles, self.patch.epoch);
        line.styles.insert(column, written.style);
        self.out.keep_to(place.start);
        let number = written.style.to_string();
        let number = (written.style != 0 || tag.attribute("s").is_some()).then_some(&*number);
        // What `cm` and `vm` say of the old value is not true of the new one.
        let changes = [("t", kind(&written.content)), ("s", number), ("cm", None), ("vm", None)];
        let inner = inner(&self.prefix, &written.content);
        self.out.push(&tag.with(&changes, inner.is_empty()));
        if !inner.is_empty() {
            self.out.push(&format!("{inner}</{}>", tag.full_name()));
        }
        self.out.skip_to(self.scanner.span().end);
        Ok(())
    }

    /// Passes a cell that stays.
    fn kept_cell(&mut self, row: u32, column: u32, empty: bool) -> Result<(), Reason> {
        let mut depth = 1;
        // Most cells that hold nothing are written so.
        if empty {
            return self.scanner.skip();
        }
        while depth > 0 {
            match self.scanner.next()? {
                Some(Node::Open { tag, .. }) => {
                    depth += 1;
                    if tag.name() == "f" {
                        self.formulas.kept(&tag, (row, column), |range| self.patch.covered(range));
                    }
                }
                Some(Node::Close(_)) => depth -= 1,
                Some(Node::Text(_)) => {}
                None => return Err(self.scanner.damaged("it ends in the middle")),
            }
        }
        Ok(())
    }
}

/// Whether a value leaves its cell empty.
fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Text(text) | Value::Error(text) | Value::DateTime(text) if text.is_empty())
}

/// The columns that a row says it spans, with those that are written.
fn wider(spans: &str, edits: &RowEdits<'_>) -> Option<String> {
    let (first, last) = spans.split_once(':')?;
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    let mut filled = edits.iter().filter(|(_, value)| !is_empty(value)).map(|(column, _)| *column);
    let leftmost = filled.next()?;
    let rightmost = filled.next_back().unwrap_or(leftmost);
    (leftmost < first || rightmost > last).then(|| format!("{}:{}", first.min(leftmost), last.max(rightmost)))
}

/// The attribute `t` of a cell.
fn kind(content: &Content) -> Option<&'static str> {
    match content {
        Content::Empty | Content::Number(_) => None,
        // In the cell and not among the shared texts: those are another part.
        Content::Text(_) => Some("inlineStr"),
        Content::Bool(_) => Some("b"),
        Content::Error(_) => Some("e"),
    }
}

/// What stands in a cell.
fn inner(prefix: &str, content: &Content) -> String {
    let value = |text: &str| format!("<{prefix}v>{text}</{prefix}v>");
    match content {
        Content::Empty => String::new(),
        Content::Number(number) => value(&number.to_string()),
        Content::Bool(set) => value(if *set { "1" } else { "0" }),
        Content::Error(error) => value(&xml::escape(error)),
        Content::Text(text) => {
            let text = xml::escape(&escapes::encode(text));
            format!("<{prefix}is><{prefix}t xml:space=\"preserve\">{text}</{prefix}t></{prefix}is>")
        }
    }
}
