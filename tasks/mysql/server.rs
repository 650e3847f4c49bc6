use runsheet_model::hex;
use runsheet_task::{Command, CommandResult, Config, Host, TaskError, TaskSpec};

use crate::database::{Access, PRIVATE, access_args};
use crate::early::Early;
use crate::on_host::HostScript;

/// Finds the clients and tells them where to connect; what follows uses it.
pub(super) const CLIENT: &str = include_str!("client.sh");

const ASK: HostScript = HostScript::new("mysql", &[PRIVATE, CLIENT, include_str!("ask.sh")]);

/// A database of a MySQL or MariaDB, as the clients on a host reach it.
pub(crate) struct Mysql<'a> {
    pub(crate) host: &'a Host,
    pub(crate) database: &'a str,
    access: Access<'a>,
}

/// Adds the arguments that all of its tasks take.
pub(crate) fn mysql_args(spec: TaskSpec) -> TaskSpec {
    access_args(
        spec,
        "The server's address, or the path of its socket; if absent, the socket of the host.",
        "Its port; if absent, 3306 or what the host's clients are set to.",
    )
}

/// What holds the password for a client: an option file (MySQL's manual, "Using Option Files").
fn secrets(password: &str) -> String {
    let escaped = password.replace('\\', "\\\\").replace('"', "\\\"");
    format!("[client]\npassword=\"{escaped}\"\n")
}

impl<'a> Mysql<'a> {
    pub(crate) fn on(host: &'a Host, config: &'a Config) -> Result<Self, Early> {
        let access = Access::of(config)?;
        Ok(Self { host, database: access.database, access })
    }

    /// The command that runs a script of ours, with more arguments and a text.
    pub(crate) fn command(&self, script: &HostScript, more: &[&str], text: &[u8]) -> Command {
        self.access.command(script, more, text, secrets)
    }

    /// Asks one of our own questions.
    pub(crate) async fn ask(&self, question: &str) -> Result<CommandResult, TaskError> {
        self.host.run(self.command(&ASK, &[""], question.as_bytes())).await
    }

    /// The same, where no answer is an error.
    pub(crate) async fn answer(&self, question: &str) -> Result<String, TaskError> {
        let said = self.ask(question).await?;
        if said.ok() { Ok(said.stdout) } else { Err(TaskError::failed(self.complaint(&said.complaint()))) }
    }

    /// Why something failed.
    pub(crate) fn complaint(&self, said: &str) -> String {
        format!("database `{}`: {}", self.database, in_words(said, 0))
    }

    /// A table of it as it is written in a statement.
    pub(crate) fn table(&self, table: &str) -> String {
        format!("`{}`.`{table}`", self.database.replace('`', "``"))
    }
}

/// An expression that is this text, whatever stands in it.
pub(crate) fn literal(text: &str) -> String {
    // In hexadecimal nothing has to be escaped, whatever the mode of the server is.
    format!("CONVERT(X'{}' USING utf8mb4)", hex(text.as_bytes()))
}

/// Leaves out the statement that a client repeats before its complaint, between lines of hyphens, and counts lines as the user's text
/// does, before which there were `ours`.
pub(crate) fn in_words(said: &str, ours: usize) -> String {
    let is_rule = |line: &str| line.len() >= 10 && line.chars().all(|c| c == '-');
    let mut inside = false;
    let mut kept = Vec::new();
    for line in said.lines() {
        if is_rule(line) {
            inside = !inside;
        } else if !inside {
            kept.push(theirs(line, ours).unwrap_or_else(|| line.to_owned()));
        }
    }
    kept.join("\n").trim().to_owned()
}

/// `ERROR 1064 (42000) at line 3: …` with the number less those lines that are ours.
fn theirs(line: &str, ours: usize) -> Option<String> {
    let (before, rest) = line.strip_prefix("ERROR ")?.split_once(" at line ")?;
    let (number, words) = rest.split_once(':')?;
    let number = number.parse::<usize>().ok()?.checked_sub(ours).filter(|number| *number > 0)?;
    Some(format!("ERROR {before} at line {number}:{words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_is_not_repeated_and_lines_are_those_of_the_user() {
        let said = "--------------\nSELEC 'x'\n--------------\n\nERROR 1064 (42000) at line 3: no\n";
        assert_eq!(in_words(said, 0), "ERROR 1064 (42000) at line 3: no");
        assert_eq!(in_words(said, 1), "ERROR 1064 (42000) at line 2: no");
        // It is in our own part.
        assert_eq!(in_words(said, 3), "ERROR 1064 (42000) at line 3: no");
    }

    #[test]
    fn a_text_is_an_expression_without_quotes_of_its_own() {
        assert_eq!(literal("a'\\"), "CONVERT(X'61275c' USING utf8mb4)");
        assert_eq!(literal(""), "CONVERT(X'' USING utf8mb4)");
    }
}
