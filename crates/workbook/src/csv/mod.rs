//! Comma-separated values, as RFC 4180 has them and as spreadsheets really write them.

mod dialect;
mod folder;

mod reader;
mod records;

pub(crate) use folder::read as read_folder;
pub(crate) use reader::read;
