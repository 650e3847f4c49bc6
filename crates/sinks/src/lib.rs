//! Where the timing of a run goes: log sinks and notifications, and those who drive them.
//!
//! A [`Sink`] takes the events of a run, oldest first. A [`Drive`] reads the run's record by position, hands it over in batches and
//! keeps in `sinks/NAME.json` how far that has got, so that whatever was missed is delivered later and nothing is delivered anew. During a run
//! a [`Crew`] gives each sink a thread of its own. Sinks are not observers: nothing waits for them, and none of them can
//! slow or fail a run.
//!
//! Nothing here prints, reads the environment, or knows what makes events. See `docs/sinks.md`.

mod crew;
mod drive;
mod mistake;
mod ndjson;
mod notify;
mod otlp;
mod postgres;
mod pulse;
mod settings;
mod sheet;
mod sink;
mod standing;
mod standing_file;
mod surroundings;
mod syslog;
mod text_or_secret;
mod web;
mod wording;

pub use crew::{Crew, Report};
pub use drive::{Drive, DriveError};
pub use mistake::Mistake;
pub use ndjson::NdjsonSettings;
pub use notify::{
    MailEncryption, MailSettings, NotifySettings, NotifyWebhookSettings, Occasion, Person, SlackSettings,
};
pub use otlp::OtlpSettings;
pub use postgres::PostgresSettings;
pub use settings::SinkSettings;
pub use sheet::{Change, Credentials, FileTarget, GoogleAccess, GoogleTarget, SheetSettings, SheetSink, SheetTarget};
pub use sink::{Sink, SinkError, View};
pub use standing::{Standing, Trouble};
pub use standing_file::{StandingError, StandingFile};
pub use surroundings::Surroundings;
pub use syslog::{Facility, JournaldSettings, MessageFormat, SyslogSettings};
pub use text_or_secret::{NamedSecret, TextOrSecret};
pub use web::WebhookSettings;
