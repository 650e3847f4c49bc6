//! Comma-separated values, as RFC 4180 has them and as spreadsheets really write them.

mod dialect;
mod folder;
mod patch;
mod reader;
mod records;
mod safe;

pub(crate) use folder::{find as find_in_folder, fingerprint as folder_fingerprint, read as read_folder};
pub(crate) use patch::patch;
pub(crate) use reader::read;
pub use safe::csv_safe;
