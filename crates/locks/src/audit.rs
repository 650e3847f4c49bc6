use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::time::SystemTime;

use runsheet_model::{RunId, unix_ms};
use serde::{Deserialize, Serialize};

use crate::{LockError, LockFolder};

/// The end of the name of a user's audit file, which begins with `audit-` and the number of the user.
const ENDING: &str = ".ndjson";
const BEGINNING: &str = "audit-";
/// How much of such a file is read, in bytes.
const MOST: u64 = 4 << 20;

/// What somebody did to a lock that was not theirs to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When, by the clock of that machine.
    #[serde(with = "unix_ms", rename = "at_ms")]
    pub at: SystemTime,
    /// Login name of who did it.
    pub user: String,
    /// On which machine.
    pub machine: String,
    /// Of which run the lock was.
    pub run: RunId,
    /// What was done, in words: which lock, on which hosts, and how it went.
    pub what: String,
}

/// A line of an audit file.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// What it says.
    pub entry: AuditEntry,
    /// Number of the user whose file it stands in: what the line says about a user, its owner could write.
    pub owner: u32,
}

impl LockFolder {
    /// Adds a line to the audit file of this user. Nothing in such a file is ever changed.
    pub fn audit(&self, entry: &AuditEntry) -> Result<(), LockError> {
        let name = format!("{BEGINNING}{}{ENDING}", rustix::process::geteuid().as_raw());
        let mut line = serde_json::to_vec(entry).unwrap_or_default();
        line.push(b'\n');
        let mut file = self.append(&name).map_err(self.failed("open", &name))?;
        file.write_all(&line).and_then(|()| file.sync_all()).map_err(self.failed("write", &name))
    }

    /// What all users did, oldest first. Lines that are none of ours are left out.
    pub fn audit_lines(&self) -> Result<Vec<AuditLine>, LockError> {
        let mut lines = Vec::new();
        for name in self.names(ENDING)?.into_iter().filter(|name| name.starts_with(BEGINNING)) {
            let Ok(file) = self.open_to_read(&name) else { continue };
            let owner = file.metadata().map_err(self.failed("look at", &name))?.uid();
            if name != format!("{BEGINNING}{owner}{ENDING}") {
                // Somebody else's name, so nobody's word.
                continue;
            }
            let mut text = Vec::new();
            file.take(MOST).read_to_end(&mut text).map_err(self.failed("read", &name))?;
            let entries = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
            lines.extend(entries.map(|entry| AuditLine { entry, owner }));
        }
        lines.sort_by_key(|line| line.entry.at);
        Ok(lines)
    }
}
