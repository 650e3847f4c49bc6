use runsheet_events::{RunEvent, encode};
use runsheet_model::RunId;

use crate::SinkError;

/// Events as lines, each with its line break: what the journal holds, with the run in front.
pub(crate) fn lines(run: RunId, events: &[RunEvent]) -> Result<Vec<u8>, SinkError> {
    let mut lines = Vec::new();
    for event in events {
        let json = encode(event).map_err(|error| SinkError::refused("an event cannot be written").because(error))?;
        lines.extend_from_slice(beginning(run, event.seq).as_bytes());
        // The event's own beginning, up to its number, is that of every event.
        let rest = json.strip_prefix(&format!("{{\"seq\":{}", event.seq)).unwrap_or_default();
        lines.extend_from_slice(rest.as_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
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
