//! Reports of runs that never were.

#[path = "../../workbook/tests/any_separator.rs"]
mod any_separator;
mod browser;
mod devtools;
mod forms;
mod keyboard;
mod page;
mod story;
