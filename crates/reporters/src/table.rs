use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::Palette;
use crate::palette::paint;
use crate::wording::{cut, one_line};

/// The narrowest that a column is made to fit a table into a terminal.
const NARROWEST: usize = 8;

/// Space between columns.
const GAP: &str = "  ";

/// Text in columns, for people. Whatever is in a cell is made safe for a terminal and one line.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

/// A column: its title, and to which side its cells are pushed.
#[derive(Clone, Debug)]
pub struct Column {
    title: String,
    right: bool,
    kept: bool,
}

#[derive(Clone, Debug)]
struct Cell {
    text: String,
    style: Style,
}

impl Column {
    /// For words. Such a column is cut if the table is too wide.
    pub fn left(title: &str) -> Self {
        Self { title: one_line(title), right: false, kept: false }
    }

    /// For words that must not be cut, such as a result.
    pub fn whole(title: &str) -> Self {
        Self { kept: true, ..Self::left(title) }
    }

    /// For numbers and times. Never cut.
    pub fn right(title: &str) -> Self {
        Self { title: one_line(title), right: true, kept: true }
    }
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new(), indent: 0 }
    }

    /// Puts this many spaces before each line.
    pub fn indent(mut self, spaces: usize) -> Self {
        self.indent = spaces;
        self
    }

    /// Adds a row. Cells that are missing at its end are empty; those beyond the last column are not shown.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.styled_row(cells.into_iter().map(|cell| (cell, Style::new())));
    }

    /// Adds a row whose cells have a style each.
    pub fn styled_row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = (S, Style)>) {
        let cells = cells.into_iter().map(|(text, style)| Cell { text: one_line(text.as_ref()), style });
        self.rows.push(cells.collect());
    }

    /// Leaves out the columns in which nothing stands.
    pub fn without_empty_columns(mut self) -> Self {
        let is_used =
            |column: usize| self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.text.is_empty()));
        let used: Vec<_> = (0..self.columns.len()).map(is_used).collect();
        let mut places = used.iter();
        self.columns.retain(|_| places.next().copied().unwrap_or(true));
        for row in &mut self.rows {
            let mut places = used.iter();
            row.retain(|_| places.next().copied().unwrap_or(false));
        }
        self
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table, titles first, cut to a width if one is given. A pipe or file has none: there, nothing may be missing.
    pub fn render(&self, width: Option<usize>, palette: &Palette) -> String {
        let widths = self.widths(width);
        let mut text = String::new();
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let titles = self.columns.iter().map(|column| Cell { text: column.title.clone(), style: palette.faint });
            self.write_row(&titles.collect::<Vec<_>>(), &widths, &mut text);
        }
        for row in &self.rows {
            self.write_row(row, &widths, &mut text);
        }
        text
    }

    fn write_row(&self, row: &[Cell], widths: &[usize], text: &mut String) {
        let start = text.len();
        text.push_str(&" ".repeat(self.indent));
        let last = row.iter().rposition(|cell| !cell.text.is_empty());
        for (index, ((column, &width), cell)) in self.columns.iter().zip(widths).zip(row).enumerate() {
            let shown = cut(&cell.text, width);
            let blank = " ".repeat(width.saturating_sub(shown.width()));
            let shown = if shown.is_empty() { shown } else { paint(cell.style, &shown) };
            if index > 0 {
                text.push_str(GAP);
            }
            match (column.right, Some(index) == last) {
                (true, _) => text.extend([blank.as_str(), shown.as_str()]),
                (false, true) => text.push_str(&shown),
                (false, false) => text.extend([shown.as_str(), blank.as_str()]),
            }
            if last.is_none_or(|last| index >= last) {
                break;
            }
        }
        let end = text[start..].trim_end_matches(' ').len();
        text.truncate(start + end);
        text.push('\n');
    }

    /// The width of each column: what its widest cell needs, then less for the widest columns of words until all fits.
    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| column.title.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let gaps = self.indent + GAP.len() * widths.len().saturating_sub(1);
        let Some(limit) = limit else { return widths };
        let mut too_much = (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
        while too_much > 0 {
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(width, column)| !column.kept && **width > NARROWEST)
                .map(|(width, _)| width)
                .max();
            let Some(widest) = widest else { break };
            *widest -= 1;
            too_much -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([Column::left("host"), Column::right("took"), Column::left("what it said")]);
        table.row(["web1", "1.2s", "restarted"]);
        table.row(["データベース1", "12m 03s", "no space left on device\nat all"]);
        table.row(["web3"]);
        table
    }

    #[test]
    fn columns_stand_under_each_other_whatever_width_letters_have() {
        insta::assert_snapshot!(table().render(None, &Palette::plain()), @r"
        host              took  what it said
        web1              1.2s  restarted
        データベース1  12m 03s  no space left on device\nat all
        web3
        ");
    }

    #[test]
    fn a_table_is_cut_to_the_width_of_its_terminal() {
        let text = table().indent(2).render(Some(40), &Palette::plain());
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        insta::assert_snapshot!(text, @"
        host              took  what it said
        web1              1.2s  restarted
        データベース1  12m 03s  no space left…
        web3
        ");
    }

    #[test]
    fn a_table_too_wide_for_any_cutting_is_still_written() {
        let text = table().render(Some(5), &Palette::plain());
        assert_eq!(text.lines().count(), 4);
    }
}
