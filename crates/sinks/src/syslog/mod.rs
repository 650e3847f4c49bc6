//! Lines for the system's log: syslog (RFC 5424) and systemd's journal.

mod entry;
mod journald;
mod message;
mod settings;
mod sink;
mod wire;

pub(crate) use journald::Journald;
pub use settings::{Facility, JournaldSettings, MessageFormat, SyslogSettings};
pub(crate) use sink::Syslog;
