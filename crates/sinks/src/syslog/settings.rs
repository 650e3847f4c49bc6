use schemars::JsonSchema;
use serde::Deserialize;

use super::wire::Address;
use crate::Mistake;

/// Lines for a syslog daemon, as RFC 5424 writes them: one for each step and host that starts or ends, and for the run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SyslogSettings {
    /// Its name. Default: `syslog`.
    pub name: Option<String>,
    /// Where: a socket such as `/dev/log`, `udp://HOST:514` or `tcp://HOST:601`. Neither is encrypted. Default: `/dev/log`.
    pub address: Option<String>,
    /// As what. Default: `user`.
    pub facility: Facility,
    /// How messages are written. Default: `local` for a socket, whose daemons mostly read nothing else, and `rfc5424` over a network.
    pub format: Option<MessageFormat>,
}

/// How messages for syslog are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageFormat {
    /// With structured data.
    Rfc5424,
    /// As `syslog(3)` writes them.
    Local,
}

impl SyslogSettings {
    pub(super) fn address(&self) -> &str {
        self.address.as_deref().unwrap_or("/dev/log")
    }

    pub(super) fn format(&self) -> MessageFormat {
        let usual = if self.address().starts_with('/') { MessageFormat::Local } else { MessageFormat::Rfc5424 };
        self.format.unwrap_or(usual)
    }

    pub(crate) fn check(&self) -> Result<(), Mistake> {
        let address = self.address();
        Address::parse(address).map(drop).ok_or_else(|| {
            Mistake::new(format!("`{}` is no address of a syslog daemon", address.escape_default()))
                .hint("such as `/dev/log`, `udp://log.example.com:514` or `tcp://log.example.com:601`")
        })
    }
}

/// Lines for systemd's journal, with fields of their own: `journalctl RUNSHEET_RUN=…`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JournaldSettings {
    /// Its name. Default: `journald`.
    pub name: Option<String>,
    /// Its socket. Default: `/run/systemd/journal/socket`.
    pub socket: Option<String>,
}

impl JournaldSettings {
    pub(super) fn socket(&self) -> &str {
        self.socket.as_deref().unwrap_or("/run/systemd/journal/socket")
    }
}

/// As what syslog files something (RFC 5424, table 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are syslog's own")]
pub enum Facility {
    #[default]
    User = 1,
    Daemon = 3,
    Local0 = 16,
    Local1 = 17,
    Local2 = 18,
    Local3 = 19,
    Local4 = 20,
    Local5 = 21,
    Local6 = 22,
    Local7 = 23,
}
