//! Spreadsheets that a command line names: files, folders of CSV files, and Google Sheets by id.

use runsheet_import::ImportSource;
use runsheet_workbook::Workbook;

use crate::environment::Environment;
use crate::error::CliError;

/// A spreadsheet, and what it is called where its file has no name.
pub(crate) struct Spreadsheet {
    pub(crate) workbook: Workbook,
    /// Where it is; a file by its whole path.
    pub(crate) source: ImportSource,
    /// Its title: that of a Google Sheet, else the file's name without its ending.
    pub(crate) title: String,
}

/// Reads a spreadsheet.
pub(crate) fn open(named: &str, environment: &Environment) -> Result<Spreadsheet, CliError> {
    let path = environment.cwd.join(named);
    if !path.exists() && is_google(named) {
        return google(named);
    }
    let workbook = Workbook { path: named.into(), ..Workbook::read(&path)? };
    let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Spreadsheet { workbook, source: ImportSource::File(path), title })
}

/// Whether a text is the id or the address of a Google Sheet rather than a file.
fn is_google(named: &str) -> bool {
    let id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    named.starts_with("https://docs.google.com/spreadsheets/") || (named.len() >= 30 && named.chars().all(id))
}

/// Reads a Google Sheet.
fn google(_id: &str) -> Result<Spreadsheet, CliError> {
    Err(CliError::usage("Google Sheets cannot be read yet", "download it as .xlsx, and import that"))
}
