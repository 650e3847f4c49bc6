use thiserror::Error;

use crate::RunEvent;

/// Why a line is not an event.
#[derive(Debug, Error)]
#[error("not an event of runsheet")]
pub struct CodecError(#[from] serde_json::Error);

/// Writes an event as one line of JSON, without the line break.
pub fn encode(event: &RunEvent) -> Result<String, CodecError> {
    Ok(serde_json::to_string(event)?)
}

/// Reads an event from one line of JSON. Fields it does not know are passed over, so that newer journals can be read.
pub fn decode(line: &str) -> Result<RunEvent, CodecError> {
    Ok(serde_json::from_str(line)?)
}

/// A point in time as milliseconds since the Unix epoch.
pub(crate) mod unix_ms {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let ms = u64::deserialize(deserializer)?;
        UNIX_EPOCH
            .checked_add(Duration::from_millis(ms))
            .ok_or_else(|| serde::de::Error::custom("a time beyond all clocks"))
    }
}
