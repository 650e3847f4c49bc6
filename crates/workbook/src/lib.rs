//! Spreadsheets: read as a person would read them, and changed in place, cell by cell.
//!
//! Rows and columns are counted from 1, as people count rows; column 1 is `A`.

mod value;
mod workbook;

pub use value::Value;
pub use workbook::{Cell, Row, Tab, Workbook};
