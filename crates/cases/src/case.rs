use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A case of `cases/TASK/CASE.yaml`: arguments, what a scripted host answers, and what has to come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The task's arguments; `PROJECT` in a text is the project's folder.
    #[serde(default)]
    pub args: Map<String, Value>,
    /// Secrets by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Files of the project, by name.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What these files hold by the time the task runs, where they change after planning.
    #[serde(default)]
    pub files_later: BTreeMap<String, String>,
    /// The attempt's limit in seconds.
    #[serde(default = "an_hour")]
    pub limit_s: u64,
    /// The commands that the host has to get, in this order, and its answers.
    #[serde(default)]
    pub commands: Vec<Expected>,
    /// The files that the host has to get.
    #[serde(default)]
    pub sent: Vec<Sent>,
    /// The files that the host has, by path.
    #[serde(default)]
    pub on_host: BTreeMap<String, String>,
    /// The files that have to be fetched, by path in the project's folder.
    #[serde(default)]
    pub fetched: BTreeMap<String, String>,
    /// What this machine has to look at, in this order, and what it sees.
    #[serde(default)]
    pub here: Vec<Seen>,
    /// How it ends, if the task knows.
    pub outcome: Option<ExpectedOutcome>,
    /// A part of the error, if it does not.
    pub error: Option<String>,
}

/// A command and its answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The whole command.
    pub is: Option<String>,
    /// Its end: for a script of ours, its name and its arguments.
    pub ends: Option<String>,
    /// A part of it.
    pub has: Option<String>,
    /// What it reads.
    pub stdin: Option<String>,
    /// The answer: its exit status.
    pub exit: u32,
    /// What it writes to standard output.
    pub stdout: String,
    /// What it writes to standard error.
    pub stderr: String,
    /// Instead of an answer, the connection breaks.
    pub lost: bool,
    /// How often it comes; `0` for as often as it likes, at least once.
    pub times: Option<u32>,
}

/// A file that arrives.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Its path on the host.
    pub target: String,
    /// Its mode, such as `0644`.
    pub mode: String,
    /// What is in it.
    pub content: String,
}

/// Something that is seen from this machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// A URL, with another method than `GET` before it; `ADDRESS PORT`; or `mail SERVER:PORT FROM -> TO: SUBJECT`.
    pub at: String,
    /// What is sent there.
    pub sends: Option<String>,
    /// The answer's status.
    #[serde(default)]
    pub status: u16,
    /// The answer's body.
    #[serde(default)]
    pub body: String,
    /// Instead of an answer, after something may have been sent.
    pub fails: Option<String>,
    /// Instead of an answer, before anything was.
    pub unreached: Option<String>,
    /// Whether it may be looked at again and again.
    #[serde(default)]
    pub repeats: bool,
}

/// What an outcome has to be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedOutcome {
    /// A part of the message.
    pub message: String,
    /// Its value; 0 for success.
    #[serde(default)]
    pub value: i32,
    /// Whether the host was changed.
    #[serde(default)]
    pub changed: bool,
    /// What it opens.
    #[serde(default)]
    pub opens: Vec<String>,
    /// What it closes.
    #[serde(default)]
    pub closes: Vec<String>,
}

fn an_hour() -> u64 {
    3600
}
