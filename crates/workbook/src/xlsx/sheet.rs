use crate::error::Reason;
use crate::number_format::Shown;
use crate::reference::{self, LAST_COLUMN, LAST_ROW, Range};
use crate::tab_builder::{Budget, TabBuilder};
use crate::value::NOT_CALCULATED;
use crate::xlsx::escapes;
use crate::xlsx::serial::Epoch;
use crate::xlsx::shared_strings;
use crate::xlsx::styles::Styles;
use crate::xml::{Node, Scanner, Tag};
use crate::{Tab, Value};

/// One tab that is to be read.
pub(crate) struct Sheet<'a> {
    pub(crate) name: &'a str,
    pub(crate) hidden: bool,
    /// The part that holds it.
    pub(crate) part: &'a str,
}

impl Sheet<'_> {
    /// Reads the tab.
    pub(crate) fn read(
        &self,
        source: &str,
        styles: &Styles,
        texts: &[String],
        epoch: Epoch,
        budget: &mut Budget,
    ) -> Result<Tab, Reason> {
        let mut scanner = Scanner::new(self.part, source);
        let mut tab = TabBuilder::new(self.name, self.hidden, budget);
        let mut merged = Vec::new();
        let (mut row, mut column) = (0, 0);
        while let Some(node) = scanner.next()? {
            let Node::Open { tag, .. } = node else { continue };
            match tag.name() {
                "row" => {
                    row = row_number(&scanner, &tag, row)?;
                    column = 0;
                    tab.row(row, is_set(&tag, "hidden"));
                }
                "c" => {
                    column = column_number(&scanner, &tag, row, column)?;
                    let style = tag.attribute("s").and_then(|style| style.parse().ok()).unwrap_or(0);
                    let cell = Content::read(&mut scanner, &tag)?;
                    let formula = cell.formula;
                    let value = cell.value(texts, styles.shown(style), epoch).map_err(|why| Reason::Cell {
                        tab: self.name.to_owned(),
                        row,
                        column,
                        why: why.to_owned(),
                    })?;
                    if let Some(value) = value {
                        tab.cell(column, value, formula)?;
                    }
                }
                "mergeCell" => {
                    let range = tag.attribute("ref").and_then(|range| Range::parse(&range));
                    merged.push(range.ok_or_else(|| scanner.damaged("a merged range is none"))?);
                }
                _ => {}
            }
        }
        tab.finish(&merged)
    }
}

/// The number of a row; one that tells none follows the last one.
pub(crate) fn row_number(scanner: &Scanner<'_>, tag: &Tag<'_>, last: u32) -> Result<u32, Reason> {
    match tag.attribute("r") {
        Some(told) => told.parse().ok().filter(|row| (last + 1..=LAST_ROW).contains(row)),
        None => Some(last + 1).filter(|&row| row <= LAST_ROW),
    }
    .ok_or_else(|| scanner.damaged(format!("what follows row {last} is no row")))
}

/// The number of a cell's column; one that tells none follows the last one.
pub(crate) fn column_number(scanner: &Scanner<'_>, tag: &Tag<'_>, row: u32, last: u32) -> Result<u32, Reason> {
    match tag.attribute("r") {
        Some(told) => {
            reference::parse(&told).filter(|&(of, column)| of == row && column > last).map(|(_, column)| column)
        }
        None => Some(last + 1).filter(|&column| column <= LAST_COLUMN),
    }
    .ok_or_else(|| scanner.damaged(format!("a cell of row {row} is not where it says")))
}

fn is_set(tag: &Tag<'_>, name: &str) -> bool {
    tag.attribute(name).is_some_and(|set| set == "1" || set == "true")
}

/// What stands in a cell.
#[derive(Default)]
struct Content {
    kind: String,
    formula: bool,
    /// What it holds, or what its formula gave.
    value: Option<String>,
}

impl Content {
    /// Reads the cell that was just opened.
    fn read(scanner: &mut Scanner<'_>, tag: &Tag<'_>) -> Result<Self, Reason> {
        let mut content = Self { kind: tag.attribute("t").unwrap_or_default().into_owned(), ..Self::default() };
        let mut in_value = false;
        loop {
            match scanner.next()? {
                Some(Node::Open { tag, .. }) => match tag.name() {
                    "v" => {
                        in_value = true;
                        content.value.get_or_insert_default();
                    }
                    "f" => {
                        content.formula = true;
                        scanner.skip()?;
                    }
                    "is" => content.value = Some(shared_strings::text(scanner)?),
                    _ => scanner.skip()?,
                },
                Some(Node::Text(text)) if in_value => content.value.get_or_insert_default().push_str(&text),
                Some(Node::Text(_)) => {}
                Some(Node::Close("v")) => in_value = false,
                Some(Node::Close(_)) => return Ok(content),
                None => return Err(scanner.damaged("it ends in the middle")),
            }
        }
    }

    /// What a person sees; nothing in an empty cell. An error says why it cannot be told.
    fn value(self, texts: &[String], shown: Shown, epoch: Epoch) -> Result<Option<Value>, &'static str> {
        let Some(text) = self.value else {
            return Ok(self.formula.then(|| Value::Error(NOT_CALCULATED.to_owned())));
        };
        Ok(Some(match &*self.kind {
            "s" => {
                let shared = text.trim().parse().ok().and_then(|index: usize| texts.get(index));
                Value::Text(shared.ok_or("it names a text that is not there")?.clone())
            }
            "inlineStr" => Value::Text(text),
            "str" => Value::Text(escapes::decode(text.into()).into_owned()),
            "b" => Value::Bool(text.trim() == "1" || text.trim() == "true"),
            "e" => Value::Error(text),
            "d" => Value::DateTime(text.trim().trim_end_matches('Z').to_owned()),
            _ if text.trim().is_empty() => return Ok(None),
            _ => {
                let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
                let number = number.ok_or("it is neither a number nor a text")?;
                match shown {
                    Shown::Number | Shown::Text => Value::Number(number),
                    shown => epoch.value(number, shown),
                }
            }
        }))
    }
}
