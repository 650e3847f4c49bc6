use jiff::tz::TimeZone;
use runsheet_events::RunEvent;

use super::entry::Entry;
use super::message::{local_message, message};
use super::settings::{Facility, MessageFormat, SyslogSettings};
use super::wire::{Address, Wire};
use crate::{Sink, SinkError, Surroundings, View};

/// Tells a syslog daemon. What it took is out of sight: a message that came before has the same `run` and `seq`.
pub(crate) struct Syslog {
    address: Option<Address>,
    called: String,
    facility: Facility,
    format: MessageFormat,
    machine: String,
    zone: TimeZone,
    wire: Option<Wire>,
    /// The last event that was sent.
    sent: u64,
}

impl Syslog {
    pub(crate) fn new(settings: &SyslogSettings, surroundings: &Surroundings) -> Self {
        Self {
            address: Address::parse(settings.address()),
            called: settings.address().to_owned(),
            facility: settings.facility,
            format: settings.format(),
            machine: surroundings.machine.clone(),
            zone: surroundings.zone.clone().unwrap_or(TimeZone::UTC),
            wire: None,
            sent: 0,
        }
    }

    fn send(&mut self, message: &str) -> std::io::Result<()> {
        let mut wire = match (self.wire.take(), &self.address) {
            (Some(wire), _) => wire,
            (None, Some(address)) => address.connect()?,
            (None, None) => return Err(std::io::ErrorKind::InvalidInput.into()),
        };
        wire.send(message)?;
        self.wire = Some(wire);
        Ok(())
    }
}

impl Sink for Syslog {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        for event in &events[events.partition_point(|event| event.seq <= self.sent)..] {
            if let Some(entry) = Entry::of(event, view.stats) {
                let message = match self.format {
                    MessageFormat::Rfc5424 => message(&entry, self.facility, &self.machine, view.run),
                    MessageFormat::Local => local_message(&entry, self.facility, &self.zone, view.run),
                };
                self.send(&message).map_err(|error| {
                    SinkError::unavailable(format!("failed to write to `{}`", self.called)).because(error)
                })?;
            }
            self.sent = event.seq;
        }
        Ok(())
    }
}
