//! Office Open XML spreadsheets: `.xlsx`, `.xlsm`.
//!
//! Source: ECMA-376 part 1, chapter 18 (SpreadsheetML) and part 2 (packages).

mod escapes;
mod number_format;
mod package;
mod reader;
mod serial;
mod shared_strings;
mod sheet;
mod styles;

pub(crate) use package::is_package;
pub(crate) use reader::read;
