//! Spreadsheets that a command line names: files, folders of CSV files, and Google Sheets by id.

use std::path::Path;

use runsheet_googlesheets::SpreadsheetId;
use runsheet_import::{ImportSource, google_workbook};
use runsheet_model::SecretName;
use runsheet_workbook::Workbook;

use crate::environment::Environment;
use crate::error::CliError;
use crate::project::Project;
use crate::secrets;

/// A spreadsheet, and what it is called where its file has no name.
pub(crate) struct Spreadsheet {
    pub(crate) workbook: Workbook,
    /// Where it is; a file by its whole path.
    pub(crate) source: ImportSource,
    /// Its title: that of a Google Sheet, else the file's name without its ending.
    pub(crate) title: String,
}

/// Reads a spreadsheet.
pub(crate) fn open(named: &str, project: &Project, environment: &Environment) -> Result<Spreadsheet, CliError> {
    let path = environment.cwd.join(named);
    if !path.exists() && is_google(named) {
        return google(named, project, environment);
    }
    let workbook = Workbook { path: named.into(), ..read(&path)? };
    let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Spreadsheet { workbook, source: ImportSource::File(path), title })
}

/// Whether a text is the id or the address of a Google Sheet rather than a file.
fn is_google(named: &str) -> bool {
    let id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    named.starts_with("https://docs.google.com/spreadsheets/") || (named.len() >= 30 && named.chars().all(id))
}

/// Reads a Google Sheet.
fn google(named: &str, project: &Project, environment: &Environment) -> Result<Spreadsheet, CliError> {
    let Some(access) = &project.settings.import.google else {
        let hint = "write `import: {google: {credentials: {file: KEY.json}}}` into runsheet.yaml, with the key of a service account";
        return Err(CliError::usage("a Google Sheet needs credentials", hint));
    };
    let id: SpreadsheetId = named.parse()?;
    let name = access.secret().and_then(|name| SecretName::new(name).ok());
    let secrets = secrets::read(name.as_slice(), project, environment, environment.stdin_terminal)?;
    let secret = secrets.iter().next().map(|(_, value)| value);
    let sheet = access.open(&project.root, secret)?.read(&id)?;
    let workbook = Workbook { path: named.into(), ..google_workbook(&sheet) };
    Ok(Spreadsheet { workbook, source: ImportSource::Google(id.to_string()), title: sheet.title })
}

/// Reads a file or a folder.
fn read(path: &Path) -> Result<Workbook, CliError> {
    let what = format!("`{}` cannot be read: spreadsheets are not supported yet", path.display());
    Err(CliError::Usage { message: what, hint: None })
}
