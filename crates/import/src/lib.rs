//! A deploy sheet out of a spreadsheet: which tab, which column, which row is what, and what changed since the last time.
//!
//! [`Import::prepare`] takes a [`Workbook`](runsheet_workbook::Workbook) and what the last import left, and gives the texts of the
//! sheet and the host groups, an [`ImportRecord`] and the changes. The program checks and writes them; the write-back of timing
//! reads the record. Nothing here writes a file, and the only one that it reads is the record.

mod after;
mod arguments;
mod cells;
mod change;
mod column;
mod document;
mod emit;
mod error;
mod fields;
mod flag;
mod google;
mod grid;
mod header;
mod hosts;
mod identity;
mod import;
mod merge;
mod misread;
mod options;
mod problem;
mod record;
mod scalar;
mod seen;
mod steps;
mod tabs;
mod time;
mod title;

pub use change::Change;
pub use column::letters;
pub use error::ImportError;
pub use fields::{Field, HOST_FIELDS, Kind, STEP_FIELDS, TIMING_FIELDS};
pub use google::{google_tab, google_workbook};
pub use import::{Import, Now, name_of};
pub use merge::{Conflict, Prefer};
pub use options::{Mapping, Options};
pub use problem::{CellPlace, Problem, Problems};
pub use record::{HostsTab, ImportRecord, ImportSource, StepRecord, StepsTab};
