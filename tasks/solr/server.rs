use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::{Heard, Service, http_get};
use crate::patience::Patience;

/// The most that one ping may take.
const PING_LIMIT: Duration = Duration::from_secs(10);

/// The solr of a host: a service, and a page that it answers once it is ready.
pub(crate) struct Solr<'a> {
    pub(crate) service: Service<'a>,
    host: &'a Host,
    url: String,
    wait: Duration,
}

impl<'a> Solr<'a> {
    /// Adds the arguments that all tasks for solr have.
    pub(crate) fn args(spec: TaskSpec) -> TaskSpec {
        let port = ArgKind::Integer { min: 1, max: 65535 };
        spec.arg(Arg::optional("service", ArgKind::Text, "The name of its service.").default("solr"))
            .arg(
                Arg::optional("address", ArgKind::Text, "The address at which the host itself reaches it.")
                    .default("127.0.0.1"),
            )
            .arg(Arg::optional("port", port, "Its port.").default(8983))
            .arg(
                Arg::optional("ping", ArgKind::Text, "The path of the page that is asked whether it is ready.")
                    // Without a collection's name it is the one page that every solr has and that is not served before its core
                    // container is up; a collection's own ping knows more.
                    .default("/solr/admin/info/system"),
            )
            .arg(Arg::optional("wait", ArgKind::Duration, "How long it may take.").default("90s"))
    }

    pub(crate) fn on(config: &'a Config, host: &'a Host) -> Result<Self, TaskError> {
        let path = config.text("ping")?.trim_start_matches('/');
        Ok(Self {
            service: Service::on(host, config.text("service")?)?,
            host,
            url: format!("{}/{path}", base_url(config)?),
            wait: config.duration("wait")?,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks once whether it is ready.
    pub(crate) async fn ping(&self) -> Result<Heard, TaskError> {
        http_get(self.host, &self.url, Patience::new(self.host, self.wait).limit(PING_LIMIT)).await
    }

    /// Waits until it answers with 200, and makes `done` the message if it does.
    pub(crate) async fn wait_until_ready(&self, done: String) -> Result<Outcome, TaskError> {
        let mut patience = Patience::new(self.host, self.wait);
        loop {
            let last = match self.ping().await? {
                Heard::Answer(answer, _) if answer.status == 200 => return Ok(Outcome::changed(done)),
                Heard::Answer(answer, _) => format!("status {}", answer.status),
                Heard::Nothing(why) => why,
                Heard::Impossible(why) => return Ok(Outcome::failed(format!("cannot ask {}: {why}", self.url), 1)),
            };
            if !patience.pause().await {
                let waited = format_duration(patience.waited());
                return Ok(Outcome::failed(format!("{} was not ready after {waited}; last: {last}", self.url), 1));
            }
        }
    }

    /// Waits until nobody answers any more; returns what was heard last if somebody still does.
    pub(crate) async fn wait_until_silent(&self) -> Result<Option<u16>, TaskError> {
        let mut patience = Patience::new(self.host, self.wait);
        loop {
            match self.ping().await? {
                Heard::Answer(answer, _) if !patience.pause().await => return Ok(Some(answer.status)),
                Heard::Answer(..) => {}
                Heard::Nothing(_) | Heard::Impossible(_) => return Ok(None),
            }
        }
    }
}

/// The beginning of all of its addresses.
pub(crate) fn base_url(config: &Config) -> Result<String, TaskError> {
    let address = match config.text("address")? {
        address if address.contains(':') => format!("[{address}]"),
        address => address.to_owned(),
    };
    Ok(format!("http://{address}:{}", config.port("port")?))
}
