//! OpenDocument spreadsheets: `.ods`, and `.fods`, the same in one XML document.
//!
//! Source: OASIS OpenDocument 1.3, part 3. Its prefixes (`table:`, `office:`, `text:`) are what all programs write; they are taken
//! for the namespaces they stand for.

mod archive;
mod paragraphs;
mod patch;
mod reader;
mod row;
mod span;
mod styles;
mod value;

pub(crate) use archive::{is_document, patch as patch_archive, read as read_archive};
pub(crate) use patch::patch as patch_document;
pub(crate) use reader::read as read_document;
pub(crate) use styles::Styles;
