use jiff::Timestamp;
use jiff::tz::TimeZone;
use runsheet_model::RunId;

use super::entry::Entry;
use super::settings::Facility;

/// The name of our structured data. 32473 is the number that RFC 5612 gives to those who have none of their own.
const DATA: &str = "runsheet@32473";

/// An entry as a message of RFC 5424.
pub(super) fn message(entry: &Entry, facility: Facility, machine: &str, run: RunId) -> String {
    let priority = facility as u8 * 8 + entry.severity as u8;
    // Microseconds are the finest that is allowed, and events have milliseconds.
    let at = Timestamp::try_from(entry.at).map_or_else(|_| "-".to_owned(), |at| format!("{at:.3}"));
    let machine = printable(machine, 255);
    let data = [
        ("run", Some(run.to_string())),
        ("seq", Some(entry.seq.to_string())),
        ("step", entry.step.clone()),
        ("host", entry.host.clone()),
        ("state", entry.state.map(str::to_owned)),
    ];
    let data: String =
        data.iter().filter_map(|(name, value)| Some(format!(" {name}=\"{}\"", escaped(value.as_deref()?)))).collect();
    let (process, event, text) = (run.short(), entry.event, &entry.text);
    format!("<{priority}>1 {at} {machine} runsheet {process} {event} [{DATA}{data}] {text}")
}

/// An entry as `syslog(3)` writes it for the daemon of this machine, which knows the machine and reads no structured data.
pub(super) fn local_message(entry: &Entry, facility: Facility, zone: &TimeZone, run: RunId) -> String {
    let priority = facility as u8 * 8 + entry.severity as u8;
    let at = Timestamp::try_from(entry.at).unwrap_or_default().to_zoned(zone.clone());
    let at = at.strftime("%b %e %H:%M:%S");
    let (process, event, text, seq) = (run.short(), entry.event, &entry.text, entry.seq);
    format!("<{priority}>{at} runsheet[{process}]: {text} (run={run} seq={seq} event={event})")
}

/// A field of the header: printable ASCII without spaces, not empty.
fn printable(text: &str, longest: usize) -> String {
    let text: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// A value of structured data (§ 6.3.3).
fn escaped(value: &str) -> String {
    value.chars().fold(String::new(), |mut text, c| {
        if matches!(c, '"' | '\\' | ']') {
            text.push('\\');
        }
        text.push(c);
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::syslog::entry::Severity;

    #[test]
    fn a_message_is_written_as_rfc_5424_has_it() {
        let entry = Entry {
            at: UNIX_EPOCH + Duration::from_millis(1_795_694_400_120),
            seq: 7,
            severity: Severity::Error,
            event: "host_finished",
            text: "step roll on web1: failed".to_owned(),
            step: Some("roll".to_owned()),
            host: Some("we\"b]1\\".to_owned()),
            state: Some("failed"),
        };
        let run = "01a21818-6d75-71df-b973-7290d248f9c4".parse().expect("an id");
        assert_eq!(
            message(&entry, Facility::Local0, "ops 1", run),
            "<131>1 2026-11-26T12:00:00.120Z ops1 runsheet d248f9c4 host_finished [runsheet@32473 \
             run=\"01a21818-6d75-71df-b973-7290d248f9c4\" seq=\"7\" step=\"roll\" host=\"we\\\"b\\]1\\\\\" \
             state=\"failed\"] step roll on web1: failed"
        );
    }
}
