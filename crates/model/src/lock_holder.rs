use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::{RunId, shortened, unix_ms};

/// Who holds a lock, here or on a host, in words that everybody there may read. No secret is ever among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The run.
    pub run: RunId,
    /// The command that was given: `run`, `do`, `put`.
    pub command: String,
    /// The sheet, or what stands in its place in the history.
    pub sheet: String,
    /// Login name.
    pub user: String,
    /// The machine on which runsheet runs.
    pub machine: String,
    /// Number of the process there.
    pub pid: u32,
    /// Since when, by that machine's clock; for display only.
    #[serde(with = "unix_ms", rename = "since_ms")]
    pub since: SystemTime,
}

/// How much is shown of each word, in characters: others wrote it.
const SHOWN: usize = 80;

impl LockHolder {
    /// Who it is, in one line that drives no terminal. `since` is [`LockHolder::since`] as people of the place write it.
    pub fn says(&self, since: &str) -> String {
        format!(
            "run {} of {} (pid {} on {}) since {since}: {} `{}`",
            self.run,
            shortened(&self.user, SHOWN),
            self.pid,
            shortened(&self.machine, SHOWN),
            shortened(&self.command, SHOWN),
            shortened(&self.sheet, SHOWN),
        )
    }
}
