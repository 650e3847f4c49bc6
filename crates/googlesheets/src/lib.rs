//! A Google Sheet: read and written through its API, with a service account.
//!
//! [`GoogleSheets`] reads a whole spreadsheet in one request, as a person sees it, and sets single cells of it. It speaks version 4 of
//! the API (<https://developers.google.com/workspace/sheets/api/reference/rest>) and logs in with the key of a service account
//! (RFC 7523). Import and write-back call it; it knows nothing of sheets to be run.
//!
//! It is synchronous: who calls it has a thread for that. Every call has a deadline, and every reply a largest size. It follows no
//! redirect, takes no proxy from the environment, and tells neither key nor token to anybody but Google.

mod a1;
mod attempts;
mod batches;
mod error;
mod google_sheets;
mod grid;
mod service_account;
mod settings;
mod spreadsheet;
mod spreadsheet_id;
mod token;
mod transport;
mod wire;
mod wire_cell;

pub use error::GoogleError;
pub use google_sheets::GoogleSheets;
pub use service_account::ServiceAccount;
pub use settings::GoogleSettings;
pub use spreadsheet::{GoogleCell, GoogleRow, GoogleTab, GoogleValue, NewCell, Spreadsheet};
pub use spreadsheet_id::SpreadsheetId;
