use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use runsheet_import::{ImportRecord, ImportSource};
use runsheet_model::{Secret, parse_duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file_target::{FileTarget, FileTools};
use super::google_access::{Credentials, GoogleAccess};
use super::google_target::GoogleTarget;
use super::sheet_sink::SheetSink;
use super::target::SheetTarget;
use crate::SinkError;

/// Timing goes back to the spreadsheet that a sheet was imported from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SheetSettings {
    /// What it is called. Default: `sheet`.
    pub name: Option<String>,
    /// How often the spreadsheet is written at most while a run goes on. Default: `10s`.
    pub every: Option<String>,
    /// The key of the service account, for a Google Sheet.
    pub credentials: Option<Credentials>,
    /// Where the Google Sheets API answers. Default: `https://sheets.googleapis.com`.
    pub base_url: Option<String>,
}

/// What has to be known to write timing back, beside the settings.
pub struct SheetSurroundings<'a> {
    /// The sheet that runs.
    pub sheet: &'a Path,
    /// The folder of the project.
    pub root: &'a Path,
    /// The zone in which times are written.
    pub zone: TimeZone,
    /// The secret that the settings name, if it could be had.
    pub secret: Option<&'a Secret<String>>,
    /// How files are read and changed.
    pub tools: FileTools,
}

impl SheetSettings {
    /// Checks what the types do not. The error says what is wrong, as a lower-case fragment.
    pub fn check(&self) -> Result<(), String> {
        self.pace().map(drop)
    }

    /// The name of the secret that it needs.
    pub fn secret(&self) -> Option<&str> {
        match &self.credentials {
            Some(Credentials::Secret(name)) => Some(name),
            Some(Credentials::File(_)) | None => None,
        }
    }

    /// Makes the sink; nothing if the sheet came from no spreadsheet. Only the record of the import and the key are read.
    pub fn open(&self, surroundings: SheetSurroundings<'_>) -> Result<Option<SheetSink>, SinkError> {
        let path = ImportRecord::beside(surroundings.sheet);
        if !path.exists() {
            return Ok(None);
        }
        let record = ImportRecord::load(&path)
            .map_err(|error| SinkError::refused("it cannot be told which row is which step").because(error))?;
        let pace = self.pace().map_err(SinkError::refused)?;
        let target: Box<dyn SheetTarget> = match &record.source {
            ImportSource::File(file) => {
                let full = path.parent().unwrap_or(Path::new("")).join(file);
                let shown = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
                Box::new(FileTarget::new(full, shown, surroundings.tools))
            }
            ImportSource::Google(id) => Box::new(self.google(id, &surroundings)?),
        };
        Ok(Some(SheetSink::new(target, record, surroundings.zone, pace)))
    }

    fn pace(&self) -> Result<Duration, String> {
        match &self.every {
            Some(text) => parse_duration(text).map_err(|error| error.to_string()),
            None => Ok(SheetSink::PACE),
        }
    }

    fn google(&self, id: &str, surroundings: &SheetSurroundings<'_>) -> Result<GoogleTarget, SinkError> {
        let credentials = self.credentials.clone().ok_or_else(|| {
            SinkError::refused("a Google Sheet needs `credentials`: `{file: PATH}` or `{secret: NAME}`")
        })?;
        let access = GoogleAccess { credentials, base_url: self.base_url.clone() };
        let google = access.open(surroundings.root, surroundings.secret)?;
        let id = id.parse().map_err(|error| SinkError::refused("the Google Sheet cannot be opened").because(error))?;
        Ok(GoogleTarget::new(google, id))
    }
}
