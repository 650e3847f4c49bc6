use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use runsheet_googlesheets::{GoogleError, GoogleSettings, GoogleSheets, ServiceAccount};
use runsheet_model::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::SinkError;

/// The largest key file, in bytes.
const LARGEST_KEY: u64 = 64 << 10;

/// How Google Sheets are reached: to import one, or to write timing back to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoogleAccess {
    /// The key of the service account.
    pub credentials: Credentials,
    /// Where the Google Sheets API answers. Default: `https://sheets.googleapis.com`.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// Where the key of a service account is: the JSON file that Google gives.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Credentials {
    /// The name of one of the secrets of `runsheet.yaml`.
    Secret(String),
    /// A file that only its owner can read, relative to the project.
    File(String),
}

impl GoogleAccess {
    /// The name of the secret that it needs.
    pub fn secret(&self) -> Option<&str> {
        match &self.credentials {
            Credentials::Secret(name) => Some(name),
            Credentials::File(_) => None,
        }
    }

    /// Reads the key: a file in the folder of the project, or the secret if it could be had. Nothing is sent yet.
    pub fn open(&self, root: &Path, secret: Option<&Secret<String>>) -> Result<GoogleSheets, SinkError> {
        let key = match &self.credentials {
            Credentials::Secret(name) => {
                secret.cloned().ok_or_else(|| SinkError::refused(format!("the secret `{name}` cannot be had")))?
            }
            Credentials::File(file) => read_key(&root.join(file))?,
        };
        self.client(&key).map_err(|error| SinkError::refused("Google Sheets cannot be reached").because(error))
    }

    fn client(&self, key: &Secret<String>) -> Result<GoogleSheets, GoogleError> {
        let usual = GoogleSettings::default();
        let settings = GoogleSettings { base_url: self.base_url.clone().unwrap_or(usual.base_url), ..usual };
        GoogleSheets::new(ServiceAccount::parse(key.expose())?, settings)
    }
}

/// Reads a key file; one that others can read is refused.
fn read_key(path: &Path) -> Result<Secret<String>, SinkError> {
    let failed = |error| SinkError::refused(format!("failed to read the key `{}`", path.display())).because(error);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
        let what = format!("others can read the key `{}`; `chmod 600` it", path.display());
        return Err(SinkError::refused(what));
    }
    let mut text = String::new();
    file.take(LARGEST_KEY).read_to_string(&mut text).map_err(failed)?;
    Ok(Secret::new(text))
}
