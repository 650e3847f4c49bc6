use crate::Tab;
use crate::error::Reason;
use crate::number_format::Shown;
use crate::ods::row::{RowSource, repeated};
use crate::ods::styles::Styles;
use crate::ods::value;
use crate::reference::{LAST_COLUMN, LAST_ROW, Range};
use crate::tab_builder::{Budget, TabBuilder};
use crate::xml::{Node, Scanner, Tag};

/// The elements between a tab and its rows and columns.
const GROUPS: [&str; 6] = [
    "table:table-rows",
    "table:table-header-rows",
    "table:table-row-group",
    "table:table-columns",
    "table:table-header-columns",
    "table:table-column-group",
];

/// Whether an element only groups rows or columns.
pub(crate) fn is_group(tag: &Tag<'_>) -> bool {
    GROUPS.contains(&tag.full_name())
}

/// Reads all tabs of a document; `styles` are those that it has elsewhere.
pub(crate) fn read(part: &str, source: &str, mut styles: Styles, budget: &mut Budget) -> Result<Vec<Tab>, Reason> {
    let mut scanner = Scanner::new(part, source);
    let mut tabs = Vec::new();
    to_spreadsheet(&mut scanner, source, &mut styles)?;
    loop {
        match scanner.next()? {
            Some(Node::Open { tag, .. }) if tag.full_name() == "table:table" => {
                tabs.push(table(&mut scanner, &tag, &styles, budget)?);
            }
            Some(Node::Open { .. }) => scanner.skip()?,
            Some(Node::Text(_)) => {}
            Some(Node::Close(_)) => return Ok(tabs),
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
}

/// Goes on to the tabs, and takes note of the styles before them.
pub(crate) fn to_spreadsheet(scanner: &mut Scanner<'_>, source: &str, styles: &mut Styles) -> Result<(), Reason> {
    loop {
        match scanner.next()? {
            Some(Node::Open { tag, .. }) if tag.full_name() == "office:spreadsheet" => return Ok(()),
            Some(Node::Open { tag, .. }) => styles.open(scanner, source, &tag)?,
            Some(Node::Close(_) | Node::Text(_)) => {}
            None => return Err(Reason::NotASpreadsheet { what: "a document of another office program" }),
        }
    }
}

/// The style that cells of a column have unless they say otherwise.
#[derive(Default)]
pub(crate) struct Columns {
    /// The last column that each is for.
    styles: Vec<(u32, Option<String>)>,
}

impl Columns {
    /// Adds columns.
    pub(crate) fn add(&mut self, tag: &Tag<'_>) {
        let before = self.styles.last().map_or(0, |(last, _)| *last);
        let last = before.saturating_add(repeated(tag, "table:number-columns-repeated"));
        let style = tag.attribute("table:default-cell-style-name").map(std::borrow::Cow::into_owned);
        self.styles.push((last, style));
    }

    /// The style of a column.
    pub(crate) fn style(&self, column: u32) -> Option<&str> {
        let at = self.styles.partition_point(|(last, _)| *last < column);
        self.styles.get(at)?.1.as_deref()
    }
}

/// Reads the tab that was just opened.
fn table(scanner: &mut Scanner<'_>, tag: &Tag<'_>, styles: &Styles, budget: &mut Budget) -> Result<Tab, Reason> {
    let name = tag.attribute("table:name").unwrap_or_default();
    let hidden = tag.attribute("table:style-name").is_some_and(|style| styles.is_hidden(&style));
    let mut tab = TabBuilder::new(&name, hidden, budget);
    let mut columns = Columns::default();
    let mut merged = Vec::new();
    let mut number: u32 = 1;
    let mut depth = 1;
    while depth > 0 {
        match scanner.next()? {
            Some(Node::Open { tag, empty }) => match tag.full_name() {
                "table:table-row" => {
                    let row = RowSource::read(scanner, tag, empty)?;
                    add_row(&mut tab, &row, number, &columns, styles, &mut merged)?;
                    number = number.saturating_add(row.repeated);
                }
                "table:table-column" => {
                    columns.add(&tag);
                    scanner.skip()?;
                }
                _ if is_group(&tag) => depth += 1,
                _ => scanner.skip()?,
            },
            Some(Node::Close(_)) => depth -= 1,
            Some(Node::Text(_)) => {}
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
    tab.finish(&merged)
}

/// Adds the rows that a row stands for.
fn add_row(
    tab: &mut TabBuilder<'_>,
    row: &RowSource<'_>,
    number: u32,
    columns: &Columns,
    styles: &Styles,
    merged: &mut Vec<Range>,
) -> Result<(), Reason> {
    let hidden = row.tag.attribute("table:visibility").is_some_and(|visibility| visibility != "visible");
    let mut cells = Vec::new();
    let mut column: u32 = 1;
    for cell in &row.cells {
        let style = cell.tag.attribute("table:style-name");
        let style = style.as_deref().or_else(|| columns.style(column));
        let clock = style.is_some_and(|style| styles.shown(style) == Shown::Time);
        let value = if cell.covered { None } else { value::read(cell, clock) };
        let (rows, across) = cell.spanned();
        if value.is_some() && (rows > 1 || across > 1) {
            let last =
                (number.saturating_add(rows - 1).min(LAST_ROW), column.saturating_add(across - 1).min(LAST_COLUMN));
            merged.push(Range { first: (number, column), last });
        }
        let next = column.saturating_add(cell.repeated);
        if let Some(value) = value {
            cells.push((column..next, value, cell.tag.attribute("table:formula").is_some()));
        }
        column = next;
    }
    if cells.is_empty() {
        return Ok(());
    }
    for number in number..number.saturating_add(row.repeated) {
        if number > LAST_ROW {
            return Err(Reason::TooLarge { what: format!("it has more than {LAST_ROW} rows") });
        }
        tab.row(number, hidden);
        for (range, value, formula) in &cells {
            for column in range.clone() {
                if column > LAST_COLUMN {
                    return Err(Reason::TooLarge { what: format!("row {number} has more than {LAST_COLUMN} columns") });
                }
                tab.cell(column, value.clone(), *formula)?;
            }
        }
    }
    Ok(())
}
