//! SpreadsheetML of 2003, "XML Spreadsheet", as Excel and many exports write it.
//!
//! Source: "XML Spreadsheet Reference" (Microsoft, 2003). It is read and not changed: nobody keeps a sheet so.

use std::collections::HashMap;
use std::time::Duration;

use jiff::civil::{DateTime, date};

use crate::error::Reason;
use crate::number_format::{Shown, of_code};
use crate::reference::{LAST_COLUMN, LAST_ROW, Range};
use crate::tab_builder::{Budget, TabBuilder};
use crate::value::NOT_CALCULATED;
use crate::xml::{Node, Scanner, Tag};
use crate::{Tab, Value};

/// Reads all tabs.
pub(crate) fn read(source: &str, budget: &mut Budget) -> Result<Vec<Tab>, Reason> {
    let mut scanner = Scanner::new("", source);
    let mut styles: HashMap<String, Shown> = HashMap::new();
    let mut style = String::new();
    let mut tabs = Vec::new();
    while let Some(node) = scanner.next()? {
        let Node::Open { tag, .. } = node else { continue };
        match tag.name() {
            "Style" => style = tag.attribute("ID").unwrap_or_default().into_owned(),
            "NumberFormat" => {
                let format = tag.attribute("Format").unwrap_or_default();
                styles.insert(style.clone(), shown(&format));
            }
            "Worksheet" => {
                let name = tag.attribute("Name").unwrap_or_default();
                tabs.push(worksheet(&mut scanner, &name, &styles, budget)?);
            }
            _ => {}
        }
    }
    Ok(tabs)
}

/// What a format shows; some have names.
fn shown(format: &str) -> Shown {
    match format {
        "General Date" => Shown::DateTime,
        "Long Date" | "Medium Date" | "Short Date" => Shown::Date,
        "Long Time" | "Medium Time" | "Short Time" => Shown::Time,
        "" | "General Number" | "Currency" | "Euro Currency" | "Fixed" | "Standard" | "Percent" | "Scientific"
        | "Yes/No" | "True/False" | "On/Off" => Shown::Number,
        code => of_code(code),
    }
}

/// Reads the tab that was just opened.
fn worksheet(
    scanner: &mut Scanner<'_>,
    name: &str,
    styles: &HashMap<String, Shown>,
    budget: &mut Budget,
) -> Result<Tab, Reason> {
    // Whether it is hidden comes behind its cells.
    let mut hidden = false;
    let mut tab = TabBuilder::new(name, false, budget);
    let mut merged = Vec::new();
    let (mut row, mut last_column) = (0, 0);
    let mut depth = 1;
    while depth > 0 {
        match scanner.next()? {
            Some(Node::Open { tag, .. }) => {
                depth += 1;
                match tag.name() {
                    "Row" => {
                        row = position(scanner, &tag, row, LAST_ROW)?;
                        last_column = 0;
                        tab.row(row, tag.attribute("Hidden").is_some_and(|set| set == "1"));
                    }
                    "Cell" => {
                        let column = position(scanner, &tag, last_column, LAST_COLUMN)?;
                        let more = |name| tag.attribute(name).and_then(|count| count.parse().ok()).unwrap_or(0_u32);
                        let (across, down) = (more("MergeAcross"), more("MergeDown"));
                        last_column = column.saturating_add(across);
                        if across > 0 || down > 0 {
                            let last = (row.saturating_add(down).min(LAST_ROW), last_column.min(LAST_COLUMN));
                            merged.push(Range { first: (row, column), last });
                        }
                        let style = tag.attribute("StyleID").unwrap_or_default();
                        let formula = tag.attribute("Formula").is_some();
                        let shown = styles.get(&*style).copied().unwrap_or_default();
                        if let Some(value) = cell(scanner, shown, formula)? {
                            tab.cell(column, value, formula)?;
                        }
                        depth -= 1;
                    }
                    "Visible" => {
                        let said = inner_text(scanner)?;
                        hidden = matches!(said.trim(), "SheetHidden" | "SheetVeryHidden");
                        depth -= 1;
                    }
                    _ => {}
                }
            }
            Some(Node::Close(_)) => depth -= 1,
            Some(Node::Text(_)) => {}
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
    let mut tab = tab.finish(&merged)?;
    tab.hidden = hidden;
    Ok(tab)
}

/// The number of a row or column; one that tells none follows the last one.
fn position(scanner: &Scanner<'_>, tag: &Tag<'_>, last: u32, limit: u32) -> Result<u32, Reason> {
    match tag.attribute("Index") {
        Some(told) => told.parse().ok().filter(|number| (last + 1..=limit).contains(number)),
        None => Some(last + 1).filter(|&number| number <= limit),
    }
    .ok_or_else(|| scanner.damaged(format!("a {} is not where it says", tag.name().to_lowercase())))
}

/// What a person sees in the cell that was just opened.
fn cell(scanner: &mut Scanner<'_>, shown: Shown, formula: bool) -> Result<Option<Value>, Reason> {
    let mut value = formula.then(|| Value::Error(NOT_CALCULATED.to_owned()));
    loop {
        match scanner.next()? {
            Some(Node::Open { tag, .. }) if tag.name() == "Data" => {
                let kind = tag.attribute("Type").unwrap_or_default();
                let text = inner_text(scanner)?;
                value = Some(match &*kind {
                    "Number" => {
                        let number = text.trim().parse();
                        Value::Number(
                            number.map_err(|_| scanner.damaged(format!("`{}` is no number", text.escape_debug())))?,
                        )
                    }
                    "Boolean" => Value::Bool(text.trim() == "1"),
                    "Error" => Value::Error(text),
                    "DateTime" => moment(text.trim(), shown).unwrap_or(Value::Text(text)),
                    _ => Value::Text(text),
                });
            }
            Some(Node::Open { .. }) => scanner.skip()?,
            Some(Node::Text(_)) => {}
            Some(Node::Close(_)) => return Ok(value),
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
}

/// A moment, which is also how times of day and spans of time are written: as moments after the last day of 1899.
fn moment(text: &str, shown: Shown) -> Option<Value> {
    // LibreOffice writes 27 hours as such.
    if let Some(hours) = text.strip_prefix("1899-12-31T").filter(|hours| hours.parse::<jiff::civil::Time>().is_err()) {
        let mut parts = hours.split(':').map(|part| part.parse::<f64>().ok());
        let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
        return Duration::try_from_secs_f64(hours * 3_600.0 + minutes * 60.0 + seconds).ok().map(Value::Duration);
    }
    let moment: DateTime = text.parse().ok()?;
    let moment = moment.round(jiff::Unit::Second).ok()?;
    Some(match shown {
        Shown::Time => Value::DateTime(moment.time().to_string()),
        Shown::Date => Value::DateTime(moment.date().to_string()),
        Shown::Duration => {
            let since = moment.duration_since(date(1899, 12, 31).at(0, 0, 0, 0));
            Value::Duration(Duration::try_from(since).ok()?)
        }
        Shown::Number | Shown::Text if moment.time() == jiff::civil::Time::midnight() => {
            Value::DateTime(moment.date().to_string())
        }
        Shown::Number | Shown::Text | Shown::DateTime => Value::DateTime(moment.to_string()),
    })
}

/// All text in the element that was just opened.
fn inner_text(scanner: &mut Scanner<'_>) -> Result<String, Reason> {
    let mut text = String::new();
    let mut depth = 1;
    while depth > 0 {
        match scanner.next()? {
            Some(Node::Open { .. }) => depth += 1,
            Some(Node::Close(_)) => depth -= 1,
            Some(Node::Text(piece)) => text.push_str(&piece),
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
    Ok(text)
}
