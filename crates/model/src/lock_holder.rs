use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::RunId;

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

/// A moment as milliseconds since the Unix epoch.
pub mod unix_ms {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it.
    pub fn serialize<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let ms = u64::deserialize(deserializer)?;
        // Others may have written it: a moment that cannot be is the epoch.
        Ok(UNIX_EPOCH.checked_add(Duration::from_millis(ms)).unwrap_or(UNIX_EPOCH))
    }
}
