use std::collections::BTreeMap;

use runsheet_workbook::{Cell, Row, Tab, Value};

use crate::header::Header;
use crate::misread::Misread;
use crate::seen::{cell, is_nothing, text_of};
use crate::{CellPlace, Problem};

/// A tab whose columns are known.
pub(crate) struct Grid<'a> {
    pub(crate) tab: &'a Tab,
    pub(crate) header: &'a Header,
    /// The column of each field, by its word.
    pub(crate) columns: &'a BTreeMap<String, u32>,
}

impl<'a> Grid<'a> {
    /// The rows below the header.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &'a Row> {
        self.tab.rows.iter().filter(|row| row.number > self.header.row)
    }

    /// The cell of a field, if it says anything.
    pub(crate) fn cell(&self, row: &'a Row, word: &str) -> Option<&'a Cell> {
        cell(row, *self.columns.get(word)?).filter(|cell| !is_nothing(&text_of(&cell.value)))
    }

    /// The text of a field; empty if there is none.
    pub(crate) fn text(&self, row: &'a Row, word: &str) -> String {
        self.cell(row, word).map(|cell| text_of(&cell.value)).unwrap_or_default()
    }

    /// The place of a field in a row; of the row as a whole where the field has no column.
    pub(crate) fn place(&self, row: u32, word: &str) -> CellPlace {
        CellPlace { tab: self.tab.name.clone(), row, column: self.columns.get(word).copied().unwrap_or_default() }
    }

    /// A problem with a field.
    pub(crate) fn problem(&self, row: &Row, word: &str, misread: Misread) -> Problem {
        misread.at(self.place(row.number, word))
    }

    /// The errors of the spreadsheet itself in cells that are read.
    pub(crate) fn errors(&self, row: &'a Row) -> impl Iterator<Item = Problem> {
        self.columns.iter().filter_map(move |(word, column)| {
            let Value::Error(error) = &cell(row, *column)?.value else { return None };
            let what = format!("the formula of this cell gives `{error}`");
            Some(self.problem(row, word, Misread::new(what, "mend it in the spreadsheet and save it")))
        })
    }

    /// Whether a row is a heading: one text, merged over the cells of several fields.
    pub(crate) fn is_heading(&self, row: &'a Row, words: &[&str]) -> bool {
        let filled: Vec<&Cell> = words.iter().filter_map(|word| self.cell(row, word)).collect();
        let Some(first) = filled.first() else { return false };
        filled.len() > 1 && filled.iter().any(|cell| cell.merged) && filled.iter().all(|cell| cell.value == first.value)
    }
}

/// Row numbers for people: `4, 7–9`.
pub(crate) fn ranges(rows: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for &row in rows {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == row => *last = row,
            _ => parts.push((row, row)),
        }
    }
    let more = parts.len().saturating_sub(10);
    let mut texts: Vec<String> = parts
        .iter()
        .take(10)
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}–{last}") })
        .collect();
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    texts.join(", ")
}
