use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use runsheet_events::{RunEvent, encode};
use runsheet_model::RunId;

use crate::private;

/// Where events go that the journal could not take: a file on another file system, opened while all was well.
///
/// One event a line, without hashes. It is the last resort, so nothing here fails: what cannot be written is logged.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    path: PathBuf,
    used: bool,
    torn: bool,
}

impl Spool {
    /// Opens the spool of a run in a folder. A run does without if that fails.
    pub(crate) fn open(folder: &Path, run: RunId) -> Option<Self> {
        // The process's id: a run that is resumed must not hit upon the spool of its first time.
        let path = folder.join(format!("runsheet-{run}-{}.ndjson", std::process::id()));
        match private::create(&path) {
            Ok(file) => Some(Self { file, path, used: false, torn: false }),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "no emergency spool");
                None
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes events down.
    pub(crate) fn save<'a>(&mut self, events: impl Iterator<Item = &'a RunEvent>) {
        self.used = true;
        let mut lines = String::new();
        if self.torn {
            // What is saved now must not become part of a line that was cut off.
            lines.push('\n');
        }
        for line in events.filter_map(|event| encode(event).ok()) {
            lines.push_str(&line);
            lines.push('\n');
        }
        if let Err(error) = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data()) {
            tracing::error!(path = %self.path.display(), %error, "the emergency spool failed as well");
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if !self.used {
            // Left behind it would only be an empty file.
            _ = fs::remove_file(&self.path);
        }
    }
}
