use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Range;

use crate::Value;
use crate::edit::{RowEdits, TabEdits};
use crate::error::Reason;
use crate::ods::reader::{Columns, is_group, to_spreadsheet};
use crate::ods::row::{CellSource, RowSource};
use crate::ods::styles::{PLAIN, Styles};
use crate::ods::value;
use crate::splice::Splice;
use crate::xml::{Node, Scanner, Tag, escape};

/// The document with cells changed; `styles` are those that it has elsewhere.
pub(crate) fn patch(
    part: &str,
    source: &str,
    mut styles: Styles,
    tabs: &BTreeMap<&str, TabEdits<'_>>,
) -> Result<String, Reason> {
    let mut scanner = Scanner::new(part, source);
    to_spreadsheet(&mut scanner, source, &mut styles)?;
    let mut out = Splice::new(source);
    let mut names = Vec::new();
    loop {
        match scanner.next()? {
            Some(Node::Open { tag, empty }) if tag.full_name() == "table:table" => {
                let name = tag.attribute("table:name").unwrap_or_default().into_owned();
                match tabs.get_key_value(&*name) {
                    Some(_) if empty => return Err(scanner.damaged(format!("tab `{name}` has no rows"))),
                    Some((tab, edits)) => {
                        let tab = TabPatch { name: tab, edits, styles: &styles, source };
                        out = tab.apply(&mut scanner, out)?;
                    }
                    None => scanner.skip()?,
                }
                names.push(name);
            }
            Some(Node::Open { .. }) => scanner.skip()?,
            Some(Node::Text(_)) => {}
            Some(Node::Close(_)) => break,
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
    match tabs.keys().find(|tab| !names.iter().any(|name| name == **tab)) {
        Some(tab) => Err(Reason::NoTab { tab: (*tab).to_owned(), tabs: names }),
        None => Ok(out.finish()),
    }
}

/// The changes to one tab.
struct TabPatch<'a> {
    name: &'a str,
    edits: &'a TabEdits<'a>,
    styles: &'a Styles,
    source: &'a str,
}

type RowsLeft<'a> = Peekable<std::collections::btree_map::Iter<'a, u32, RowEdits<'a>>>;

impl<'a> TabPatch<'a> {
    /// Writes the tab that was just opened anew.
    fn apply(&self, scanner: &mut Scanner<'a>, mut out: Splice<'a>) -> Result<Splice<'a>, Reason> {
        let mut left: RowsLeft<'a> = self.edits.iter().peekable();
        let mut columns = Columns::default();
        let mut next: u32 = 1;
        let mut depth = 1;
        while depth > 0 {
            let node = scanner.next()?;
            let place = scanner.span();
            match node {
                Some(Node::Open { tag, empty }) => match tag.full_name() {
                    "table:table-row" => {
                        let row = RowSource::read(scanner, tag, empty)?;
                        self.row(&row, next, &columns, &mut left, &mut out)?;
                        next = next.saturating_add(row.repeated);
                    }
                    "table:table-column" => {
                        columns.add(&tag);
                        scanner.skip()?;
                    }
                    _ if is_group(&tag) => depth += 1,
                    _ => {
                        // Behind the rows stand names, conditions and the like.
                        if next > 1 && depth == 1 {
                            self.new_rows(&mut next, &mut left, &columns, place.start, &mut out);
                        }
                        scanner.skip()?;
                    }
                },
                Some(Node::Close(_)) => {
                    depth -= 1;
                    if depth == 0 {
                        self.new_rows(&mut next, &mut left, &columns, place.start, &mut out);
                    }
                }
                Some(Node::Text(_)) => {}
                None => return Err(scanner.damaged("it ends in the middle")),
            }
        }
        Ok(out)
    }

    fn wrong(&self, row: u32, column: u32, why: &str) -> Reason {
        Reason::Cell { tab: self.name.to_owned(), row, column, why: why.to_owned() }
    }

    /// Writes the rows behind the last one.
    fn new_rows(&self, next: &mut u32, left: &mut RowsLeft<'_>, columns: &Columns, at: usize, out: &mut Splice<'_>) {
        for (&number, edits) in left.by_ref() {
            if edits.values().all(|value| is_empty(value)) {
                continue;
            }
            out.keep_to(at);
            if number > *next {
                let gap = repeat("table:number-rows-repeated", number - *next);
                out.push(&format!("<table:table-row{gap}><table:table-cell/></table:table-row>"));
            }
            out.push("<table:table-row>");
            out.push(&new_cells(1, edits.iter(), |column, value| self.place(None, None, columns, column, value)));
            out.push("</table:table-row>");
            *next = number + 1;
        }
    }

    /// Writes the rows that a row stands for, if one of them changes.
    fn row(
        &self,
        row: &RowSource<'a>,
        first: u32,
        columns: &Columns,
        left: &mut RowsLeft<'a>,
        out: &mut Splice<'a>,
    ) -> Result<(), Reason> {
        self.arrays(row, first)?;
        let behind = first.saturating_add(row.repeated);
        let mut edits = Vec::new();
        while let Some((&number, cells)) = left.next_if(|(number, _)| **number < behind) {
            // To empty what is empty changes nothing.
            let told = |(column, value): (&u32, &&'a Value)| {
                (!is_empty(value) || row.is_filled(*column)).then_some((*column, *value))
            };
            let cells: RowEdits<'a> = cells.iter().filter_map(told).collect();
            if !cells.is_empty() {
                edits.push((number, cells));
            }
        }
        if edits.is_empty() {
            return Ok(());
        }
        out.keep_to(row.place.start);
        let same = |out: &mut Splice<'a>, count: u32| {
            if count > 0 {
                out.push(&repeating(&row.tag, "table:number-rows-repeated", count, row.empty));
                out.push(if row.empty { "" } else { &self.source[row.inside.start..row.place.end] });
            }
        };
        let mut next = first;
        for (number, edits) in &edits {
            let number = *number;
            same(out, number - next);
            out.push(&repeating(&row.tag, "table:number-rows-repeated", 1, false));
            self.cells(row, number, edits, columns, out)?;
            out.push(&format!("</{}>", row.tag.full_name()));
            next = number + 1;
        }
        same(out, behind - next);
        out.skip_to(row.place.end);
        Ok(())
    }

    /// A formula that fills several cells is not torn apart.
    fn arrays(&self, row: &RowSource<'a>, first: u32) -> Result<(), Reason> {
        let mut column: u32 = 1;
        for cell in &row.cells {
            let (rows, across) = cell.matrix();
            if rows > 1 || across > 1 {
                let mut changed = self.edits.range(first..first.saturating_add(rows)).flat_map(|(&number, cells)| {
                    cells.range(column..column.saturating_add(across)).map(move |(&column, _)| (number, column))
                });
                if let Some((row, column)) = changed.next() {
                    return Err(self.wrong(row, column, "other cells use its formula (it is an array)"));
                }
            }
            column = column.saturating_add(cell.repeated);
        }
        Ok(())
    }

    /// Writes the cells of one row.
    fn cells(
        &self,
        row: &RowSource<'a>,
        number: u32,
        edits: &RowEdits<'_>,
        columns: &Columns,
        out: &mut Splice<'a>,
    ) -> Result<(), Reason> {
        let mut left = edits.iter().peekable();
        let mut next: u32 = 1;
        // The style of the cell to the left.
        let mut style: Option<String> = None;
        let mut done = row.inside.start;
        for cell in &row.cells {
            let behind = next.saturating_add(cell.repeated);
            let own = cell.tag.attribute("table:style-name").map(std::borrow::Cow::into_owned);
            if left.peek().is_none_or(|(column, _)| **column >= behind) {
                out.push(&self.source[done..cell.place.end]);
            } else {
                out.push(&self.source[done..cell.place.start]);
                while let Some((&column, value)) = left.next_if(|(column, _)| **column < behind) {
                    if cell.covered {
                        return Err(self.wrong(
                            number,
                            column,
                            "it is merged with another one, and nobody would see it",
                        ));
                    }
                    self.same(cell, column - next, out);
                    // Whatever holds something was given its look, be it none.
                    let left = style.as_deref().filter(|_| cell.text.is_none());
                    let (placed, value) = self.place(own.as_deref(), left, columns, column, value);
                    self.changed(cell, &value, placed.as_deref(), out);
                    style = placed;
                    next = column + 1;
                }
                self.same(cell, behind - next, out);
            }
            style = own.or_else(|| style.filter(|_| cell.text.is_none() && cell.repeated == 1));
            done = cell.place.end;
            next = behind;
        }
        out.push(&self.source[done..row.inside.end.max(done)]);
        out.push(&new_cells(next, left, |column, value| self.place(None, style.as_deref(), columns, column, value)));
        Ok(())
    }

    /// How a value is written to a cell of some style. The style of one that has none is that of its column if there is one; else
    /// that of the cell to the left, unless it shows numbers as something else.
    fn place(
        &self,
        own: Option<&str>,
        left: Option<&str>,
        columns: &Columns,
        column: u32,
        value: &Value,
    ) -> (Option<String>, Value) {
        let of_column = columns.style(column).filter(|style| *style != PLAIN);
        let suits = |style: &&str| self.styles.way(style).is_none();
        let left = left.filter(|_| of_column.is_none() && !is_empty(value)).filter(suits);
        let (style, value) = self.styles.place(value, own.or(of_column).or(left));
        // The style of the column needs no word.
        let told = own.is_some() || style.as_deref() != of_column;
        (style.filter(|_| told), value)
    }

    /// Writes a cell for some of those that it stands for.
    fn same(&self, cell: &CellSource<'_>, count: u32, out: &mut Splice<'a>) {
        if count > 0 {
            let empty = cell.inside.is_empty() && cell.inside.start == cell.place.end;
            out.push(&repeating(&cell.tag, "table:number-columns-repeated", count, empty));
            out.push(if empty { "" } else { &self.source[cell.inside.start..cell.place.end] });
        }
    }

    /// Writes a cell anew. Its style stays, and so do its comment and the pictures in it; its formula goes.
    fn changed(&self, cell: &CellSource<'_>, value: &Value, style: Option<&str>, out: &mut Splice<'a>) {
        let (attributes, paragraphs) = value::write(value);
        let mut changes: Vec<(&str, Option<&str>)> = value::ATTRIBUTES.iter().map(|name| (*name, None)).collect();
        for (name, value) in &attributes {
            match changes.iter_mut().find(|(known, _)| known == name) {
                Some(change) => change.1 = Some(value),
                None => changes.push((name, Some(value))),
            }
        }
        changes.push(("table:style-name", style));
        let (comment, rest) = self.beside_text(cell);
        out.push(&cell.tag.with(&changes, false));
        for piece in [&comment, &paragraphs, &rest] {
            out.push(piece);
        }
        out.push(&format!("</{}>", cell.tag.full_name()));
    }

    /// What stands in a cell before its paragraphs, such as a comment, and behind them, such as pictures.
    fn beside_text(&self, cell: &CellSource<'_>) -> (String, String) {
        let Range { start, end } = cell.inside.clone();
        let Some(first) = cell.paragraphs.first() else {
            let inside = &self.source[start..end];
            return if inside.starts_with("<draw:") {
                (String::new(), inside.to_owned())
            } else {
                (inside.to_owned(), String::new())
            };
        };
        let mut rest = String::new();
        let mut done = first.end;
        for paragraph in &cell.paragraphs[1..] {
            rest.push_str(&self.source[done..paragraph.start]);
            done = paragraph.end;
        }
        rest.push_str(&self.source[done..end]);
        (self.source[start..first.start].to_owned(), rest)
    }
}

/// Whether a value leaves its cell empty.
fn is_empty(value: &Value) -> bool {
    value.to_text().is_empty()
}

/// Cells from a column on, with gaps between them.
fn new_cells<'v>(
    mut next: u32,
    edits: impl Iterator<Item = (&'v u32, &'v &'v Value)>,
    place: impl Fn(u32, &Value) -> (Option<String>, Value),
) -> String {
    let mut text = String::new();
    for (&column, value) in edits.filter(|(_, value)| !is_empty(value)) {
        if column > next {
            text.push_str(&format!("<table:table-cell{}/>", repeat("table:number-columns-repeated", column - next)));
        }
        text.push_str("<table:table-cell");
        let (style, value) = place(column, value);
        let (attributes, paragraphs) = value::write(&value);
        let style = style.map(|style| ("table:style-name", style));
        for (name, value) in style.into_iter().chain(attributes) {
            text.push_str(&format!(" {name}=\"{}\"", escape(&value)));
        }
        text.push_str(&format!(">{paragraphs}</table:table-cell>"));
        next = column + 1;
    }
    text
}

/// An attribute that says how often something stands there; nothing for once.
fn repeat(name: &str, count: u32) -> String {
    if count > 1 { format!(" {name}=\"{count}\"") } else { String::new() }
}

/// The tag of something that stands there so many times.
fn repeating(tag: &Tag<'_>, name: &str, count: u32, empty: bool) -> String {
    let count = (count > 1).then(|| count.to_string());
    tag.with(&[(name, count.as_deref())], empty)
}
