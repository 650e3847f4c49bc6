//! Spreadsheets: read as a person would read them, and changed in place, cell by cell.
//!
//! [`Workbook::read`] reads `.xlsx`, `.ods`, `.csv`, a folder of `.csv`, and spreadsheets saved as XML; [`patch`] changes cells. What comes in is not trusted:
//! nothing of it is run, no entity is resolved, and memory stays bounded. Nothing here prints, and nothing asks a network.
//!
//! Rows and columns are counted from 1, as people count rows; column 1 is `A`.

mod csv;
mod edit;
mod encoding;
mod error;
mod kind;
mod limits;
mod number_format;
mod ods;
mod patch;
mod reference;
mod replace;
mod source;
mod splice;
mod tab_builder;
mod value;
mod workbook;
mod xlsx;
mod xml;
mod xml_2003;
mod zip;

pub use csv::csv_safe;
pub use edit::Edit;
pub use error::{Reason, WorkbookError};
pub use patch::{patch, patch_if};
pub use value::{NOT_CALCULATED, Value};
pub use workbook::{Cell, Row, Tab, Workbook};
