use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use runsheet_import::{ImportRecord, ImportSource};
use runsheet_model::{SecretName, parse_duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file_target::FileTarget;
use super::google_access::{Credentials, GoogleAccess};
use super::google_target::GoogleTarget;
use super::sheet_sink::SheetSink;
use super::target::SheetTarget;
use crate::{Mistake, SinkError, Surroundings};

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

impl SheetSettings {
    /// Checks what the types do not.
    pub fn check(&self) -> Result<(), Mistake> {
        self.pace().map(drop).map_err(Mistake::new)
    }

    /// The name of the secret that it needs.
    pub fn secret(&self) -> Option<&str> {
        match &self.credentials {
            Some(Credentials::Secret(name)) => Some(name),
            Some(Credentials::File(_)) | None => None,
        }
    }

    /// Makes the sink; nothing if the sheet came from no spreadsheet. Only the record of the import and the key are read.
    pub fn open(&self, surroundings: &Surroundings) -> Result<Option<SheetSink>, SinkError> {
        let Some(sheet) = &surroundings.sheet else { return Ok(None) };
        let path = ImportRecord::beside(sheet);
        if !path.exists() {
            return Ok(None);
        }
        let record = ImportRecord::load(&path)
            .map_err(|error| SinkError::refused("it cannot be told which row is which step").because(error))?;
        let pace = self.pace().map_err(SinkError::refused)?;
        let target: Box<dyn SheetTarget> = match &record.source {
            ImportSource::File(file) => {
                let full = path.parent().unwrap_or(Path::new("")).join(file);
                let shown = shown(&full, &surroundings.root);
                Box::new(FileTarget::new(full, shown))
            }
            ImportSource::Google(id) => Box::new(self.google(id, surroundings)?),
        };
        let zone = surroundings.zone.clone().unwrap_or(TimeZone::UTC);
        Ok(Some(SheetSink::new(target, record, zone, pace)))
    }

    fn pace(&self) -> Result<Duration, String> {
        match &self.every {
            Some(text) => parse_duration(text).map_err(|error| error.to_string()),
            None => Ok(SheetSink::PACE),
        }
    }

    fn google(&self, id: &str, surroundings: &Surroundings) -> Result<GoogleTarget, SinkError> {
        let credentials = self.credentials.clone().ok_or_else(|| {
            SinkError::refused("a Google Sheet needs `credentials`: `{file: PATH}` or `{secret: NAME}`")
        })?;
        let name = self.secret().and_then(|name| SecretName::new(name).ok());
        let secret = name.and_then(|name| surroundings.secrets.get(&name));
        let access = GoogleAccess { credentials, base_url: self.base_url.clone() };
        let google = access.open(&surroundings.root, secret)?;
        let id = id.parse().map_err(|error| SinkError::refused("the Google Sheet cannot be opened").because(error))?;
        Ok(GoogleTarget::new(google, id))
    }
}

/// How a file is called in messages: its place in the project, without `..`; outside of it, its whole path.
fn shown(file: &Path, root: &Path) -> String {
    let mut clean = PathBuf::new();
    for part in file.components() {
        let up = part == Component::ParentDir && matches!(clean.components().next_back(), Some(Component::Normal(_)));
        if up {
            clean.pop();
        } else {
            clean.push(part);
        }
    }
    clean.strip_prefix(root).unwrap_or(&clean).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_its_place_in_the_project() {
        let root = Path::new("/home/dana/deploy");
        let called = |file: &str| shown(&root.join("sheets").join(file), root);
        assert_eq!(called("../deploy.xlsx"), "deploy.xlsx");
        assert_eq!(called("weekly.csv"), "sheets/weekly.csv");
        assert_eq!(called("../../shared/deploy.xlsx"), "/home/dana/shared/deploy.xlsx");
        assert_eq!(shown(Path::new("../deploy.csv"), root), "../deploy.csv");
    }
}
