//! The timing of a run, written back to the rows of the spreadsheet that its sheet was imported from.
//!
//! [`SheetSink`] decides when to write. What is written is a function of the run alone (`timing`), to which row it goes is found out
//! anew each time by what stands in the rows (`places`), and only cells that differ are changed (`changes`), so that writing twice
//! gives what writing once gives. Where the spreadsheet is and how it is changed is a [`SheetTarget`]'s part.

mod changes;
mod columns;
mod file_target;
mod google_access;
mod google_target;
mod history;
mod places;
mod settings;
mod sheet_sink;
mod shown;
mod target;
mod timing;

pub use file_target::{FileError, FileTarget, FileTools};
pub use google_access::{Credentials, GoogleAccess};
pub use google_target::GoogleTarget;
pub use settings::{SheetSettings, SheetSurroundings};
pub use sheet_sink::SheetSink;
pub use target::{Change, SheetTarget};
