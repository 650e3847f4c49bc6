use schemars::JsonSchema;
use serde::Deserialize;

use crate::Mistake;

/// Events as lines of JSON: as the journal has them, each with the id of its run in front.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NdjsonSettings {
    /// Its name. Default: `ndjson`.
    pub name: Option<String>,
    /// A file to append to, relative to the project. It is made 0600 if it is missing; the runs of many may go to one file.
    pub path: Option<String>,
    /// In its place, a FIFO that somebody reads. It has to be there.
    pub pipe: Option<String>,
}

impl NdjsonSettings {
    pub(crate) fn check(&self) -> Result<(), Mistake> {
        match (&self.path, &self.pipe) {
            (Some(path), None) | (None, Some(path)) if !path.is_empty() => Ok(()),
            _ => Err(Mistake::new("`ndjson` needs one of `path` and `pipe`, and only one")),
        }
    }
}
