use std::collections::{BTreeMap, BTreeSet};

use runsheet_workbook::{Row, Tab, Value};

use crate::fields::{Field, HOST_FIELDS, STEP_FIELDS, TIMING_FIELDS, titled};
use crate::options::{Mapping, Which};
use crate::seen::text_of;
use crate::title::{Unit, plain};
use crate::{ImportError, letters};

/// How many rows from the top are looked at for a header.
const LOOKED_AT: usize = 40;

/// The longest text that is a title.
const LONGEST_TITLE: usize = 60;

/// The row or two rows that say which column is what.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The number of its last row.
    pub(crate) row: u32,
    /// Which columns fit a field, by the field's word; more than one are a mistake.
    found: BTreeMap<&'static str, Vec<u32>>,
    /// Units that titles name, by column.
    units: BTreeMap<u32, Unit>,
    /// Titles as they are written, by column.
    pub(crate) titles: BTreeMap<u32, String>,
    /// What stands alone above it: the title of the sheet.
    pub(crate) above: Option<String>,
}

impl Header {
    /// Finds the header of a tab: among its first rows, the one (or two together) with the most titles of fields.
    pub(crate) fn find(tab: &Tab, which: Which, mappings: &[Mapping]) -> Option<Self> {
        let rows: Vec<&Row> = tab.rows.iter().filter(|row| !row.hidden).take(LOOKED_AT).collect();
        let mut best: Option<Self> = None;
        let mut consider = |header: Self, index: usize| {
            if header.fits(which) && best.as_ref().is_none_or(|best| header.score() > best.score()) {
                best = Some(Self { above: alone(&rows[..index]), ..header });
            }
        };
        for (index, row) in rows.iter().enumerate() {
            consider(Self::of(which, mappings, None, row), index);
        }
        // Two rows count only where they say more than one: a title above the header is no part of it.
        for (index, pair) in rows.windows(2).enumerate().filter(|(_, pair)| pair[1].number == pair[0].number + 1) {
            consider(Self::of(which, mappings, Some(pair[0]), pair[1]), index);
        }
        best
    }

    fn of(which: Which, mappings: &[Mapping], above: Option<&Row>, row: &Row) -> Self {
        let mut header = Self {
            row: row.number,
            found: BTreeMap::new(),
            units: BTreeMap::new(),
            titles: BTreeMap::new(),
            above: None,
        };
        let fields: &'static [Field] = if which == Which::Steps { STEP_FIELDS } else { HOST_FIELDS };
        let mapped: Vec<(&'static Field, &str)> =
            mappings.iter().filter_map(|map| Some((map.field(which, fields)?, map.column.as_str()))).collect();
        let taken: BTreeSet<&str> = mapped.iter().map(|(field, _)| field.word).collect();
        for (column, titles) in titles(above, row) {
            header.titles.insert(column, titles[0].clone());
            let plains: Vec<_> = titles.iter().map(|title| plain(title)).collect();
            let is =
                |wanted: &str| wanted == letters(column) || (!wanted.is_empty() && plains.contains(&plain(wanted)));
            let by_map = mapped.iter().rev().find(|(_, wanted)| is(wanted)).map(|(field, _)| *field);
            let by_title = || {
                let fits = |title| {
                    titled(fields, title).or_else(|| (which == Which::Steps).then(|| titled(TIMING_FIELDS, title))?)
                };
                plains.iter().find_map(|title| fits(&title.text)).filter(|field| !taken.contains(field.word))
            };
            if let Some(field) = by_map.or_else(by_title) {
                header.found.entry(field.word).or_default().push(column);
                header.units.extend(plains.iter().find_map(|title| title.unit).map(|unit| (column, unit)));
            }
        }
        header
    }

    /// How many fields it names.
    fn score(&self) -> usize {
        self.found.keys().filter(|word| !is_timing(word)).count()
    }

    /// Whether it could be the header of such a tab at all.
    fn fits(&self, which: Which) -> bool {
        let any = |words: &[&str]| words.iter().any(|word| self.found.contains_key(word));
        match which {
            Which::Steps => {
                any(&["step", "name", "description"])
                    && any(&["task", "command", "args", "manual", "after", "expect", "hosts"])
                    && (any(&[
                        "task",
                        "command",
                        "args",
                        "after",
                        "step",
                        "description",
                        "manual",
                        "expect",
                        "enabled",
                    ]))
            }
            Which::Hosts => any(&["host"]) && any(&["group", "address", "user", "port", "protected", "vars"]),
        }
    }

    /// How much a tab with it looks like steps or hosts: what is the other's alone does not count.
    pub(crate) fn strength(&self, which: Which) -> usize {
        let telling: &[&str] = match which {
            Which::Steps => {
                &["step", "task", "command", "args", "after", "expect", "enabled", "skip", "description", "manual"]
            }
            Which::Hosts => &["address", "port", "user", "protected", "vars", "identity", "jump", "members"],
        };
        2 * telling.iter().filter(|word| self.found.contains_key(**word)).count() + self.score()
    }

    /// The one column of each field.
    pub(crate) fn columns(&self, tab: &str) -> Result<BTreeMap<String, u32>, ImportError> {
        let mut columns = BTreeMap::new();
        for (word, found) in &self.found {
            if found.len() > 1 && !is_timing(word) {
                return Err(self.two(tab, word, found));
            }
            columns.extend(found.first().map(|column| ((*word).to_owned(), *column)));
        }
        Ok(columns)
    }

    /// Two columns could be one field.
    pub(crate) fn two(&self, tab: &str, field: &'static str, columns: &[u32]) -> ImportError {
        let title = |column: &u32| self.titles.get(column).cloned().unwrap_or_default();
        let same = columns.iter().all(|column| title(column) == title(&columns[0]));
        let choose = if same { letters(columns[0]) } else { quoted(&title(&columns[0])) };
        let columns = columns.iter().map(|column| (letters(*column), title(column))).collect();
        ImportError::TwoColumns { tab: tab.to_owned(), field, columns, choose }
    }

    /// The unit of plain numbers in a column.
    pub(crate) fn unit(&self, column: u32) -> Option<Unit> {
        self.units.get(&column).copied()
    }

    /// The columns with a title that is no field's, and their titles.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = (u32, &str)> {
        let known: BTreeSet<u32> = self.found.values().flatten().copied().collect();
        self.titles
            .iter()
            .filter(move |(column, _)| !known.contains(column))
            .map(|(column, title)| (*column, title.as_str()))
    }
}

fn is_timing(word: &str) -> bool {
    TIMING_FIELDS.iter().any(|field| field.word == word)
}

/// A title as an argument of a shell.
fn quoted(title: &str) -> String {
    if title.chars().all(char::is_alphanumeric) {
        title.to_owned()
    } else {
        format!("'{}'", title.replace('\'', "'\\''"))
    }
}

/// What could be the title of each column; the first is how it is shown.
fn titles(above: Option<&Row>, row: &Row) -> BTreeMap<u32, Vec<String>> {
    let mut titles: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    // A title that is merged over several columns is that of the first.
    let below = texts(row, false);
    let Some(above) = above else {
        titles.extend(below.into_iter().map(|(column, text)| (column, vec![text])));
        return titles;
    };
    let over = texts(above, true);
    for (column, below) in &below {
        let alternatives = match over.get(column) {
            Some(over) if over != below => vec![format!("{over} {below}"), below.clone()],
            _ => vec![below.clone()],
        };
        titles.insert(*column, alternatives);
    }
    for (column, over) in texts(above, false) {
        titles.entry(column).or_insert_with(|| vec![over]);
    }
    titles
}

fn texts(row: &Row, all: bool) -> BTreeMap<u32, String> {
    let mut texts: BTreeMap<u32, String> = BTreeMap::new();
    let mut left: Option<(u32, &Value)> = None;
    for cell in &row.cells {
        let again = cell.merged && left == Some((cell.column - 1, &cell.value));
        left = Some((cell.column, &cell.value));
        let text = text_of(&cell.value).replace('\n', " ");
        if !text.is_empty() && text.chars().count() <= LONGEST_TITLE && (all || !again) {
            texts.insert(cell.column, text);
        }
    }
    texts
}

/// The text that stands alone in the first of some rows with a text alone.
fn alone(rows: &[&Row]) -> Option<String> {
    rows.iter().find_map(|row| {
        let texts: BTreeSet<String> =
            row.cells.iter().map(|cell| text_of(&cell.value)).filter(|text| !text.is_empty()).collect();
        let text = texts.first().filter(|_| texts.len() == 1)?;
        (text.chars().any(char::is_alphabetic) && text.chars().count() <= 120 && !text.contains('\n'))
            .then(|| text.clone())
    })
}
