use runsheet_model::Secret;
use runsheet_task::{Arg, ArgKind, Command, Config, TaskSpec};

use super::input::{checked_name, checked_password, input};
use crate::early::Early;
use crate::on_host::HostScript;

/// A database as the clients on a host reach it, whatever it is.
pub(crate) struct Access<'a> {
    pub(crate) database: &'a str,
    user: &'a str,
    server: &'a str,
    port: String,
    password: Option<Secret<String>>,
}

/// Adds the arguments that all tasks for databases take.
pub(crate) fn access_args(spec: TaskSpec, host: &'static str, port: &'static str) -> TaskSpec {
    spec.arg(Arg::required("database", ArgKind::Text, "The database."))
        .arg(Arg::optional("user", ArgKind::Text, "Who logs in; if absent, who the command runs as."))
        .arg(Arg::optional("host", ArgKind::Text, host))
        .arg(Arg::optional("port", ArgKind::port(), port))
        .arg(Arg::optional("password", ArgKind::TextOrSecret, "The password."))
}

impl<'a> Access<'a> {
    pub(crate) fn of(config: &'a Config) -> Result<Self, Early> {
        let database = config.text("database")?;
        if database.is_empty() {
            return Err(Early::mistake("`database` is empty"));
        }
        let (user, server) = (config.opt_text("user"), config.opt_text("host"));
        for (what, name) in [("database", Some(database)), ("user", user), ("host", server)] {
            name.map(|name| checked_name(what, name)).transpose()?;
        }
        Ok(Self {
            database,
            user: user.unwrap_or_default(),
            server: server.unwrap_or_default(),
            port: config.args.integer("port").map(|port| port.to_string()).unwrap_or_default(),
            password: checked_password(config)?,
        })
    }

    /// The command that runs a script of ours, with more arguments and a text. `secrets` makes the client's own file of secrets out of
    /// the password.
    pub(crate) fn command(
        &self,
        script: &HostScript,
        more: &[&str],
        text: &[u8],
        secrets: impl Fn(&str) -> String,
    ) -> Command {
        let bytes = text.len().to_string();
        let words = [self.database, self.user, self.server, &self.port, &bytes];
        let words = words.into_iter().chain(more.iter().copied());
        let secrets = self.password.as_ref().map(|password| secrets(password.expose()));
        script.with(words).stdin(input(secrets.as_deref(), text))
    }
}
