//! Office Open XML spreadsheets: `.xlsx`, `.xlsm`.
//!
//! Source: ECMA-376 part 1, chapter 18 (SpreadsheetML) and part 2 (packages).

mod calc_chain;
mod cell_style;
mod escapes;
mod formulas;

mod package;
mod patch;
mod reader;
mod serial;
mod shared_strings;
mod sheet;
mod sheet_patch;
mod styles;

pub(crate) use package::is_package;
pub(crate) use patch::patch;
pub(crate) use reader::read;
