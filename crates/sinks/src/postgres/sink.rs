use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use runsheet_events::RunEvent;
use runsheet_model::Secret;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, NoTls, Socket};

use super::database;
use super::rows::{rows, unfinished};
use super::settings::PostgresSettings;
use super::tls::Tls;
use crate::{Sink, SinkError, Surroundings, View};

/// How long a connection, and one batch, may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Classes of errors that do not pass by themselves: who may not log in, a database, schema or column that is not there, no permission
/// (PostgreSQL, appendix A).
const LASTING: [&str; 4] = ["28", "3D", "3F", "42"];

/// Writes rows to a table, each under the key of what it tells of, so that writing twice gives what writing once gives.
pub(crate) struct Postgres {
    settings: PostgresSettings,
    password: Option<Secret<String>>,
    authority: Option<PathBuf>,
    open: Option<Session>,
}

/// A connection, and what drives it.
struct Session {
    client: Client,
    runtime: Runtime,
}

impl Postgres {
    pub(crate) fn new(settings: &PostgresSettings, surroundings: &Surroundings) -> Result<Self, SinkError> {
        let password = settings.password.as_ref().map(|password| password.value(surroundings)).transpose()?;
        let authority = settings.authority.as_ref().map(|path| surroundings.root.join(path));
        Ok(Self { settings: settings.clone(), password, authority, open: None })
    }

    fn called(&self) -> String {
        format!("database `{}` on `{}`", self.settings.dbname, self.settings.host)
    }

    fn connect(&self) -> Result<Session, SinkError> {
        let broken = |error: io::Error| SinkError::unavailable("no thread for the database").because(error);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(broken)?;
        let mut config = Config::new();
        config
            .host(&self.settings.host)
            .port(self.settings.port)
            .user(&self.settings.user)
            .dbname(&self.settings.dbname)
            .application_name("runsheet")
            .connect_timeout(LIMIT)
            .ssl_mode(if self.settings.encrypted() { SslMode::Require } else { SslMode::Disable });
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        let client = if self.settings.encrypted() {
            let tls = self.tls()?;
            runtime.block_on(async { timeout(LIMIT, connected(&config, tls)).await })
        } else {
            runtime.block_on(async { timeout(LIMIT, connected(&config, NoTls)).await })
        };
        let client = self.answered(client)?;
        let session = Session { client, runtime };
        let prepared = database::prepare(&session.client, &self.settings.table);
        self.answered(session.runtime.block_on(async { timeout(LIMIT, prepared).await }))?;
        Ok(session)
    }

    fn tls(&self) -> Result<Tls, SinkError> {
        let Some(path) = &self.authority else {
            return Tls::new(None).map_err(|error| SinkError::refused("no encryption").because(error));
        };
        let wrong = |error| SinkError::refused(format!("`{}` cannot be used", path.display())).because(error);
        let pem = fs::read(path).map_err(wrong)?;
        Tls::new(Some(&pem)).map_err(wrong)
    }

    fn answered<T>(&self, result: Result<Result<T, Error>, tokio::time::error::Elapsed>) -> Result<T, SinkError> {
        let error = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(late) => return Err(SinkError::unavailable(format!("{} does not answer", self.called())).because(late)),
        };
        let what = format!("{} is not written", self.called());
        let lasting = error.code().is_some_and(|code| LASTING.iter().any(|class| code.code().starts_with(class)));
        Err(if lasting { SinkError::refused(what) } else { SinkError::unavailable(what) }.because(error))
    }
}

/// Connects. What drives the connection ends with the client; what breaks it, the client is told too.
async fn connected<T>(config: &Config, tls: T) -> Result<Client, Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    tokio::spawn(async move { _ = connection.await });
    Ok(client)
}

impl Sink for Postgres {
    fn deliver(&mut self, view: &View<'_>, events: &[RunEvent]) -> Result<(), SinkError> {
        let Some(header) = &view.stats.header else { return Ok(()) };
        let mut rows = rows(view.stats, events);
        if view.over && view.stats.took.is_none() {
            rows.extend([unfinished(view.stats, view.position.seq)]);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let session = match self.open.take().filter(|session| !session.client.is_closed()) {
            Some(session) => session,
            None => self.connect()?,
        };
        let written = database::write(&session.client, &self.settings.table, view.run, header, rows);
        self.answered(session.runtime.block_on(async { timeout(LIMIT, written).await }))?;
        // Only one that works is kept.
        self.open = Some(session);
        Ok(())
    }
}
