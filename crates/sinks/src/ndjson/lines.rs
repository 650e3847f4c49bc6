use std::error::Error;

use runsheet_events::{EventKind, RunEvent, encode};
use runsheet_model::RunId;

use crate::SinkError;

/// Events as lines, each with its line break: what the journal holds, with the run in front.
pub(crate) fn lines(run: RunId, events: &[RunEvent]) -> Result<Vec<u8>, SinkError> {
    let mut lines = Vec::new();
    for event in events {
        let json = encode(event).map_err(unwritable)?;
        let json = if matches!(event.kind, EventKind::RunStarted(_)) { without_run(&json)? } else { json };
        lines.extend_from_slice(beginning(run, event.seq).as_bytes());
        // The event's own beginning, up to its number, is that of every event.
        let rest = json.strip_prefix(&format!("{{\"seq\":{}", event.seq)).unwrap_or_default();
        lines.extend_from_slice(rest.as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The one event that says itself of which run it is; no key may stand twice.
fn without_run(json: &str) -> Result<String, SinkError> {
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).map_err(unwritable)?;
    fields.shift_remove("run");
    serde_json::to_string(&fields).map_err(unwritable)
}

fn unwritable(error: impl Into<Box<dyn Error + Send + Sync>>) -> SinkError {
    SinkError::refused("an event cannot be written").because(error)
}

/// How the line of an event begins.
fn beginning(run: RunId, seq: u64) -> String {
    format!("{{\"run\":\"{run}\",\"seq\":{seq}")
}

/// The number of the event that a line holds, if it is one of this run.
pub(crate) fn seq_of(line: &[u8], run: RunId) -> Option<u64> {
    let rest = line.strip_prefix(format!("{{\"run\":\"{run}\",\"seq\":").as_bytes())?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}
