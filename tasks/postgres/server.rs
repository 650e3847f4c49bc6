use runsheet_task::{Command, CommandResult, Config, Host, TaskError, TaskSpec};

use crate::database::{Access, PRIVATE, access_args};
use crate::early::Early;
use crate::on_host::HostScript;

/// Finds the clients and tells them where to connect; what follows uses it.
pub(super) const CLIENT: &str = include_str!("client.sh");

const ASK: HostScript = HostScript::new("postgres", &[PRIVATE, CLIENT, include_str!("ask.sh")]);

/// A database of a PostgreSQL, as the clients on a host reach it.
pub(crate) struct Postgres<'a> {
    pub(crate) host: &'a Host,
    pub(crate) database: &'a str,
    access: Access<'a>,
}

/// Adds the arguments that all of its tasks take.
pub(crate) fn postgres_args(spec: TaskSpec) -> TaskSpec {
    access_args(
        spec,
        "The server's address, or the folder of its socket; if absent, the socket of the host.",
        "Its port; if absent, 5432 or what the host's clients are set to.",
    )
}

/// What holds the password for a client: a line of libpq's file of passwords, for whatever is asked for (PostgreSQL's manual, "The Password File").
fn secrets(password: &str) -> String {
    let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
    format!("*:*:*:*:{escaped}\n")
}

impl<'a> Postgres<'a> {
    pub(crate) fn on(host: &'a Host, config: &'a Config) -> Result<Self, Early> {
        let access = Access::of(config)?;
        Ok(Self { host, database: access.database, access })
    }

    /// The command that runs a script of ours, with more arguments and a text.
    pub(crate) fn command<'b>(
        &self,
        script: &HostScript,
        more: impl IntoIterator<Item = &'b str>,
        text: &[u8],
    ) -> Command {
        let more: Vec<_> = more.into_iter().collect();
        self.access.command(script, &more, text, secrets)
    }

    /// Asks one of our own questions, with values for its variables.
    pub(crate) async fn ask<'b>(
        &self,
        question: &str,
        values: impl IntoIterator<Item = &'b str>,
    ) -> Result<CommandResult, TaskError> {
        self.host.run(self.command(&ASK, values, question.as_bytes())).await
    }

    /// The same, where no answer is an error.
    pub(crate) async fn answer<'b>(
        &self,
        question: &str,
        values: impl IntoIterator<Item = &'b str>,
    ) -> Result<String, TaskError> {
        let said = self.ask(question, values).await?;
        if said.ok() { Ok(said.stdout) } else { Err(TaskError::failed(self.complaint(&said.complaint()))) }
    }

    /// Why something failed, as psql says it, without the places in our own scripts.
    pub(crate) fn complaint(&self, said: &str) -> String {
        format!("database `{}`: {}", self.database, in_words(said))
    }
}

/// Takes the places of our own scripts off what psql says, and calls the place in the text a line.
pub(crate) fn in_words(said: &str) -> String {
    let line = |line: &str| -> Option<String> {
        if line.starts_with("CONTEXT:  PL/pgSQL function inline_code_block") {
            return None;
        }
        if let Some(rest) = line.strip_prefix("psql:/dev/fd/") {
            return Some(rest.split_once(": ").map_or(rest, |(_, words)| words).to_owned());
        }
        Some(line.strip_prefix("psql:<stdin>:").map_or_else(|| line.to_owned(), |rest| format!("line {rest}")))
    };
    said.lines().filter_map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_psql_says_is_about_the_text_of_the_user() {
        let said = "psql:<stdin>:3: ERROR:  relation \"x\" does not exist\nLINE 1: SELECT * FROM x;";
        assert_eq!(in_words(said), "line 3: ERROR:  relation \"x\" does not exist\nLINE 1: SELECT * FROM x;");
        let ours = "psql:/dev/fd/6:5: ERROR:  it was applied meanwhile\n\
                    CONTEXT:  PL/pgSQL function inline_code_block line 1 at RAISE";
        assert_eq!(in_words(ours), "ERROR:  it was applied meanwhile");
    }
}
