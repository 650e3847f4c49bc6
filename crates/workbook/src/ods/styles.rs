use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::Value;
use crate::error::Reason;
use crate::number_format::Shown;
use crate::xml::{Node, Scanner, Tag};

/// How many styles a style may build upon.
const DEEPEST: usize = 32;
/// What cells look like that nobody gave a style.
pub(crate) const PLAIN: &str = "Default";
/// The longest span of time that may be shown as a time of day.
const DAY: Duration = Duration::from_hours(24);

/// What is to be known of the styles of a spreadsheet.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    /// Styles of cells, by name.
    cells: HashMap<String, CellStyle>,
    /// Their names, in the order in which they stand there.
    names: Vec<String>,
    /// Ways to show numbers, by name.
    ways: HashMap<String, Shown>,
    /// Styles of tabs that are hidden.
    hidden: HashSet<String>,
}

/// One style of cells.
#[derive(Clone, Debug)]
struct CellStyle {
    /// What it builds upon.
    parent: Option<String>,
    /// How it shows numbers, by name.
    way: Option<String>,
    /// Everything else, as it is written.
    look: String,
}

impl Styles {
    /// Reads all styles of a document.
    pub(crate) fn add(&mut self, part: &str, source: &str) -> Result<(), Reason> {
        let mut scanner = Scanner::new(part, source);
        while let Some(node) = scanner.next()? {
            if let Node::Open { tag, .. } = node {
                self.open(&mut scanner, source, &tag)?;
            }
        }
        Ok(())
    }

    /// Reads the element that was just opened, if it is a style.
    pub(crate) fn open(&mut self, scanner: &mut Scanner<'_>, source: &str, tag: &Tag<'_>) -> Result<(), Reason> {
        let get = |name| tag.attribute(name).map(std::borrow::Cow::into_owned);
        let Some(name) = get("style:name") else { return Ok(()) };
        let begin = scanner.span().end;
        match tag.full_name() {
            "number:date-style" | "number:time-style" => {
                let names = inner_names(scanner)?;
                let has = |name: &str| names.iter().any(|inner| inner == name);
                let span = tag.attribute("number:truncate-on-overflow").is_some_and(|set| set == "false");
                let shown = match tag.full_name() {
                    "number:date-style" if has("hours") => Shown::DateTime,
                    "number:date-style" => Shown::Date,
                    _ if span || !has("hours") => Shown::Duration,
                    _ => Shown::Time,
                };
                self.ways.insert(name, shown);
            }
            "style:style" => {
                let family = get("style:family").unwrap_or_default();
                let (parent, way) = (get("style:parent-style-name"), get("style:data-style-name"));
                scanner.skip()?;
                let look = source[begin..scanner.span().start].trim().to_owned();
                match &*family {
                    "table" if look.contains("table:display=\"false\"") => _ = self.hidden.insert(name),
                    "table-cell" => {
                        self.names.push(name.clone());
                        self.cells.insert(name, CellStyle { parent, way, look });
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether tabs of a style are hidden.
    pub(crate) fn is_hidden(&self, style: &str) -> bool {
        self.hidden.contains(style)
    }

    /// What cells of a style show numbers as.
    pub(crate) fn shown(&self, style: &str) -> Shown {
        self.way(style).and_then(|way| self.ways.get(way)).copied().unwrap_or_default()
    }

    /// How cells of a style show numbers, by name; nothing if they show them as they are.
    pub(crate) fn way(&self, style: &str) -> Option<&str> {
        let mut name = style;
        for _ in 0..DEEPEST {
            let style = self.cells.get(name)?;
            match (&style.way, &style.parent) {
                (Some(way), _) => return Some(way),
                (None, Some(parent)) => name = parent,
                (None, None) => return None,
            }
        }
        None
    }

    /// How a value is written to a cell that has a style, or would have: in which style, and as what. A date or span of time for which
    /// there is no style becomes a text.
    pub(crate) fn place(&self, value: &Value, style: Option<&str>) -> (Option<String>, Value) {
        if !matches!(value, Value::DateTime(_) | Value::Duration(_)) {
            return (style.map(str::to_owned), value.clone());
        }
        match self.suiting(value, style) {
            Some(style) => (Some(style), value.clone()),
            None => (style.map(str::to_owned), Value::Text(value.to_text())),
        }
    }

    /// The style in which a cell of some style shows a date or a span of time as what it is: that style itself, or another one of
    /// the spreadsheet that looks the same. Nothing if there is none; then the value has to be a text.
    fn suiting(&self, value: &Value, style: Option<&str>) -> Option<String> {
        use Shown::{Date, DateTime, Duration, Time};
        let (kept, wanted): (&[Shown], &[Shown]) = match value {
            Value::Duration(span) if *span < DAY => (&[Duration, Time], &[Duration, Time]),
            Value::Duration(_) => (&[Duration], &[Duration]),
            Value::DateTime(iso) if !iso.contains('-') => (&[Time, Duration], &[Time]),
            Value::DateTime(iso) if !iso.contains(':') => (&[Date, DateTime], &[Date, DateTime]),
            Value::DateTime(_) => (&[DateTime, Date, Time], &[DateTime]),
            _ => return style.map(str::to_owned),
        };
        let name = style.unwrap_or(PLAIN);
        if kept.contains(&self.shown(name)) {
            return Some(name.to_owned());
        }
        let looks_like = |style: &CellStyle| match self.cells.get(name) {
            Some(own) if name != PLAIN => style.look == own.look && style.parent == own.parent,
            // Nothing is said but how numbers are shown.
            _ => style.look.is_empty() && style.parent.as_deref().is_none_or(|parent| parent == PLAIN),
        };
        wanted.iter().find_map(|wanted| {
            let mut names =
                self.names.iter().filter(|name| *name != PLAIN && self.cells.get(*name).is_some_and(looks_like));
            names.find(|name| self.shown(name) == *wanted).cloned()
        })
    }
}

/// The names of what stands in the element that was just opened.
fn inner_names(scanner: &mut Scanner<'_>) -> Result<Vec<String>, Reason> {
    let mut names = Vec::new();
    let mut depth = 1;
    while depth > 0 {
        match scanner.next()? {
            Some(Node::Open { tag, .. }) => {
                depth += 1;
                names.push(tag.name().to_owned());
            }
            Some(Node::Close(_)) => depth -= 1,
            Some(Node::Text(_)) => {}
            None => return Err(scanner.damaged("it ends in the middle")),
        }
    }
    Ok(names)
}
