use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runsheet_events::RunEvent;
use runsheet_model::RunId;

use super::entry::Entry;
use super::settings::JournaldSettings;
use crate::{Sink, SinkError, Surroundings, View};

/// How long one entry may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Tells systemd's journal, in its own protocol (`systemd.io/JOURNAL_NATIVE_PROTOCOL`), with fields to look for.
pub(crate) struct Journald {
    path: PathBuf,
    machine: String,
    socket: Option<UnixDatagram>,
    /// The last event that was sent.
    sent: u64,
}

impl Journald {
    pub(crate) fn new(settings: &JournaldSettings, surroundings: &Surroundings) -> Self {
        let path = surroundings.root.join(settings.socket());
        Self { path, machine: surroundings.machine.clone(), socket: None, sent: 0 }
    }

    fn send(&mut self, fields: &[u8]) -> io::Result<()> {
        let socket = self.socket.take().map_or_else(|| connect(&self.path), Ok)?;
        socket.send(fields)?;
        self.socket = Some(socket);
        Ok(())
    }
}

impl Sink for Journald {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        for event in &events[events.partition_point(|event| event.seq <= self.sent)..] {
            if let Some(entry) = Entry::of(event, view.stats) {
                self.send(&fields(&entry, view.run, &self.machine)).map_err(|error| {
                    SinkError::unavailable(format!("failed to write to `{}`", self.path.display())).because(error)
                })?;
            }
            self.sent = event.seq;
        }
        Ok(())
    }
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(LIMIT))?;
    socket.connect(path)?;
    Ok(socket)
}

/// An entry in the form of the protocol. All values are single lines, so that none needs the form with a length.
fn fields(entry: &Entry, run: RunId, machine: &str) -> Vec<u8> {
    let fields = [
        ("MESSAGE", Some(entry.text.clone())),
        ("PRIORITY", Some((entry.severity as u8).to_string())),
        ("SYSLOG_IDENTIFIER", Some("runsheet".to_owned())),
        ("RUNSHEET_RUN", Some(run.to_string())),
        ("RUNSHEET_SEQ", Some(entry.seq.to_string())),
        ("RUNSHEET_EVENT", Some(entry.event.to_owned())),
        ("RUNSHEET_MACHINE", Some(machine.to_owned())),
        ("RUNSHEET_STEP", entry.step.clone()),
        ("RUNSHEET_HOST", entry.host.clone()),
        ("RUNSHEET_STATE", entry.state.map(str::to_owned)),
    ];
    let lines = fields.iter().filter_map(|(name, value)| {
        let value = value.as_deref()?.replace(char::is_control, " ");
        Some(format!("{name}={value}\n"))
    });
    lines.collect::<String>().into_bytes()
}
