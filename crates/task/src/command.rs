use std::time::Duration;

use runsheet_model::{Outcome, Secret};

use crate::{AsUser, Exit, quote};

/// A command for a host: text for its shell, and what it reads.
pub struct Command {
    pub(crate) text: String,
    pub(crate) stdin: Option<Secret<Vec<u8>>>,
    pub(crate) as_user: Option<AsUser>,
}

impl Command {
    /// A command as one would type it.
    pub fn shell(text: impl Into<String>) -> Self {
        Self { text: text.into(), stdin: None, as_user: None }
    }

    /// A program and its arguments, each one word whatever stands in it.
    pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self::shell(words.into_iter().map(quote).collect::<Vec<_>>().join(" "))
    }

    /// Has it run as another user than the other commands of the step.
    pub fn as_user(mut self, as_user: AsUser) -> Self {
        self.as_user = Some(as_user);
        self
    }

    /// What it reads from standard input: the one way for a secret, since arguments can be read by everybody on the host.
    pub fn stdin(mut self, bytes: Secret<Vec<u8>>) -> Self {
        self.stdin = Some(bytes);
        self
    }
}

impl From<&str> for Command {
    fn from(text: &str) -> Self {
        Self::shell(text)
    }
}

impl From<String> for Command {
    fn from(text: String) -> Self {
        Self::shell(text)
    }
}

/// How a command ended, and what it said (masked; at most 256 KiB a stream).
#[derive(Clone, Debug)]
pub struct CommandResult {
    /// What it ended with.
    pub exit: Exit,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// From asking for it to its end.
    pub took: Duration,
}

impl CommandResult {
    /// Whether it exited with 0.
    pub fn ok(&self) -> bool {
        self.exit == Exit::Status(0)
    }

    /// Its exit code; 128 and more for a signal, as shells count. Never 0 unless it exited with 0.
    pub fn code(&self) -> i32 {
        match &self.exit {
            Exit::Status(code) => i32::try_from(*code).unwrap_or(i32::MAX),
            Exit::Signal(name) => 128 + signal_number(name),
        }
    }

    /// What it said: standard output, else standard error, without white space at its ends.
    pub fn text(&self) -> &str {
        match self.stdout.trim() {
            "" => self.stderr.trim(),
            text => text,
        }
    }

    /// Why it failed, for people: what it wrote to standard error, else to standard output, else its exit. A signal is always told.
    pub fn complaint(&self) -> String {
        let said = [self.stderr.trim(), self.stdout.trim()].into_iter().find(|text| !text.is_empty());
        match (&self.exit, said) {
            (Exit::Status(_), Some(said)) => said.to_owned(),
            (Exit::Status(code), None) => format!("exit status {code}"),
            (Exit::Signal(name), Some(said)) => format!("ended by signal {name}: {said}"),
            (Exit::Signal(name), None) => format!("ended by signal {name}"),
        }
    }

    /// The outcome as `log_run` gives it: changed with what it said, or failed with its complaint and code.
    pub fn outcome(&self) -> Outcome {
        if self.ok() {
            let text = self.text();
            Outcome::changed(if text.is_empty() { "Success" } else { text })
        } else {
            Outcome::failed(self.complaint(), self.code())
        }
    }
}

/// Numbers as on Linux and the BSDs, for the signals that have one number everywhere (POSIX.1-2024, `kill`).
fn signal_number(name: &str) -> i32 {
    match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ABRT" => 6,
        "KILL" => 9,
        "ALRM" => 14,
        "TERM" => 15,
        "SEGV" => 11,
        "PIPE" => 13,
        "FPE" => 8,
        "ILL" => 4,
        _ => 0,
    }
}
