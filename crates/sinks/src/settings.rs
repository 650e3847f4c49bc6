use runsheet_model::SinkName;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ndjson::{Ndjson, NdjsonSettings};
use crate::otlp::{Otlp, OtlpSettings};
use crate::postgres::{Postgres, PostgresSettings};
use crate::syslog::{Journald, JournaldSettings, Syslog, SyslogSettings};
use crate::web::{Webhook, WebhookSettings};
use crate::{Mistake, SheetSettings, Sink, SinkError, Surroundings};

/// One sink, as it stands under `sinks` in `runsheet.yaml`: `{KIND: {…}}`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SinkSettings {
    /// Events as lines of JSON, in a file or a pipe.
    Ndjson(NdjsonSettings),
    /// Lines for systemd's journal.
    Journald(JournaldSettings),
    /// Lines for a syslog daemon.
    Syslog(SyslogSettings),
    /// Traces and metrics for an OpenTelemetry collector.
    Otlp(OtlpSettings),
    /// Rows of timing in PostgreSQL.
    Postgres(PostgresSettings),
    /// Events as JSON, posted to a web address.
    Webhook(WebhookSettings),
    /// Timing, written back to the spreadsheet that a sheet was imported from.
    Sheet(SheetSettings),
}

impl SinkSettings {
    /// What it is: the word under which it stands.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ndjson(_) => "ndjson",
            Self::Journald(_) => "journald",
            Self::Syslog(_) => "syslog",
            Self::Otlp(_) => "otlp",
            Self::Postgres(_) => "postgres",
            Self::Webhook(_) => "webhook",
            Self::Sheet(_) => "sheet",
        }
    }

    /// Its name: what it says, else its kind.
    pub fn name(&self) -> Result<SinkName, Mistake> {
        let name = match self {
            Self::Ndjson(settings) => &settings.name,
            Self::Journald(settings) => &settings.name,
            Self::Syslog(settings) => &settings.name,
            Self::Otlp(settings) => &settings.name,
            Self::Postgres(settings) => &settings.name,
            Self::Webhook(settings) => &settings.name,
            Self::Sheet(settings) => &settings.name,
        };
        let name = name.as_deref().unwrap_or(self.kind());
        SinkName::new(name).map_err(|error| Mistake::new(format!("`{name}` cannot be the name of a sink: {error}")))
    }

    /// Checks what the types do not.
    pub fn check(&self) -> Result<(), Mistake> {
        self.name()?;
        match self {
            Self::Ndjson(settings) => settings.check(),
            Self::Journald(_) => Ok(()),
            Self::Syslog(settings) => settings.check(),
            Self::Otlp(settings) => settings.check(),
            Self::Postgres(settings) => settings.check(),
            Self::Webhook(settings) => settings.check(),
            Self::Sheet(settings) => settings.check(),
        }
    }

    /// The names of the secrets that it needs.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Ndjson(_) | Self::Journald(_) | Self::Syslog(_) => Vec::new(),
            Self::Otlp(settings) => settings.secrets(),
            Self::Postgres(settings) => settings.secrets(),
            Self::Webhook(settings) => settings.secrets(),
            Self::Sheet(settings) => settings.secret().into_iter().collect(),
        }
    }

    /// Makes the sink; nothing if it has nothing to do with what runs. Nothing is opened or connected to yet.
    pub fn open(&self, surroundings: &Surroundings) -> Result<Option<Box<dyn Sink>>, SinkError> {
        Ok(Some(match self {
            Self::Sheet(settings) => match settings.open(surroundings)? {
                Some(sink) => Box::new(sink),
                None => return Ok(None),
            },
            Self::Ndjson(settings) => Box::new(Ndjson::new(settings, surroundings)),
            Self::Journald(settings) => Box::new(Journald::new(settings, surroundings)),
            Self::Syslog(settings) => Box::new(Syslog::new(settings, surroundings)),
            Self::Otlp(settings) => Box::new(Otlp::new(settings, surroundings)?),
            Self::Postgres(settings) => Box::new(Postgres::new(settings, surroundings)?),
            Self::Webhook(settings) => Box::new(Webhook::new(settings, surroundings)?),
        }))
    }
}
