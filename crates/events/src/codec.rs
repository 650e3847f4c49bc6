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
