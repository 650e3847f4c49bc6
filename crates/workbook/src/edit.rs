use std::collections::BTreeMap;

use crate::Value;
use crate::error::Reason;
use crate::reference::{LAST_COLUMN, LAST_ROW};

/// One cell that is to hold something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The tab. A CSV file has one only, and takes whatever name is given.
    pub tab: String,
    /// The row, from 1.
    pub row: u32,
    /// The column, from 1.
    pub column: u32,
    /// What it is to hold. An empty text empties it.
    pub value: Value,
}

/// The changes to one row, by column.
pub(crate) type RowEdits<'a> = BTreeMap<u32, &'a Value>;

/// The changes to one tab, by row.
pub(crate) type TabEdits<'a> = BTreeMap<u32, RowEdits<'a>>;

/// Sorts changes by tab, row and column. Of two changes to a cell the later one counts.
pub(crate) fn by_tab(edits: &[Edit]) -> Result<BTreeMap<&str, TabEdits<'_>>, Reason> {
    let mut tabs: BTreeMap<&str, TabEdits<'_>> = BTreeMap::new();
    for Edit { tab, row, column, value } in edits {
        let wrong = |why: &str| Reason::Cell { tab: tab.clone(), row: *row, column: *column, why: why.to_owned() };
        if !(1..=LAST_ROW).contains(row) || !(1..=LAST_COLUMN).contains(column) {
            return Err(wrong("no spreadsheet has such a cell"));
        }
        if matches!(value, Value::Number(number) if !number.is_finite()) {
            return Err(wrong("what is to be written is no number"));
        }
        if let Value::Text(text) = value
            && text.encode_utf16().count() > LONGEST_TEXT
        {
            return Err(wrong(&format!("a cell takes at most {LONGEST_TEXT} letters")));
        }
        tabs.entry(tab).or_default().entry(*row).or_default().insert(*column, value);
    }
    Ok(tabs)
}

/// The longest text that a spreadsheet takes, in units of UTF-16. A longer one would make Excel call the file damaged.
const LONGEST_TEXT: usize = 32_767;
