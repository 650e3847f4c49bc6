use std::borrow::Cow;

use crate::csv::dialect::Dialect;
use crate::csv::records::Records;
use crate::encoding::Encoding;
use crate::error::Reason;
use crate::reference::{LAST_COLUMN, LAST_ROW};
use crate::tab_builder::{Budget, TabBuilder};
use crate::{Tab, Value};

/// The text of a file and how it is stored.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Encoding, Cow<'_, str>), Reason> {
    let encoding = Encoding::of(bytes);
    let text = encoding.decode(bytes).ok_or_else(|| Reason::damaged("", "its letters are neither UTF-8 nor UTF-16"))?;
    if text.contains('\0') {
        return Err(Reason::NotASpreadsheet { what: "a file of bytes" });
    }
    Ok((encoding, text))
}

/// Reads a file. Every cell is a text: a CSV file knows nothing else.
pub(crate) fn read(name: &str, bytes: &[u8], budget: &mut Budget) -> Result<Tab, Reason> {
    let (_, text) = decode(bytes)?;
    let dialect = Dialect::of(&text);
    let mut tab = TabBuilder::new(name, false, budget);
    for (number, record) in (1..).zip(Records::new(&text, dialect.preamble, dialect.delimiter)) {
        if number > LAST_ROW {
            return Err(Reason::TooLarge { what: format!("it has more than {LAST_ROW} rows") });
        }
        tab.row(number, false);
        for (column, field) in (1..).zip(record) {
            if column > LAST_COLUMN {
                return Err(Reason::TooLarge { what: format!("row {number} has more than {LAST_COLUMN} columns") });
            }
            tab.cell(column, Value::Text(field.value(&text).into_owned()), false)?;
        }
    }
    tab.finish(&[])
}
