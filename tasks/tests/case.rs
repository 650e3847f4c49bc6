use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A case of `cases/TASK/CASE.yaml`: arguments, what a scripted host answers, and what has to come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The task's arguments; `PROJECT` in a text is the project's folder.
    #[serde(default)]
    pub(crate) args: Map<String, Value>,
    /// Secrets by name.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, String>,
    /// Files of the project, by name.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// What these files hold by the time the task runs, where they change after planning.
    #[serde(default)]
    pub(crate) files_later: BTreeMap<String, String>,
    /// The attempt's limit in seconds.
    #[serde(default = "an_hour")]
    pub(crate) limit_s: u64,
    /// The commands that the host has to get, in this order, and its answers.
    #[serde(default)]
    pub(crate) commands: Vec<Expected>,
    /// The files that the host has to get.
    #[serde(default)]
    pub(crate) sent: Vec<Sent>,
    /// The files that the host has, by path.
    #[serde(default)]
    pub(crate) on_host: BTreeMap<String, String>,
    /// The files that have to be fetched, by path in the project's folder.
    #[serde(default)]
    pub(crate) fetched: BTreeMap<String, String>,
    /// What this machine has to look at, in this order, and what it sees.
    #[serde(default)]
    pub(crate) here: Vec<Seen>,
    /// How it ends, if the task knows.
    pub(crate) outcome: Option<ExpectedOutcome>,
    /// A part of the error, if it does not.
    pub(crate) error: Option<String>,
}

/// A command and its answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Expected {
    /// The whole command.
    pub(crate) is: Option<String>,
    /// Its end: for a script of ours, its name and its arguments.
    pub(crate) ends: Option<String>,
    /// A part of it.
    pub(crate) has: Option<String>,
    /// What it reads.
    pub(crate) stdin: Option<String>,
    /// The answer.
    pub(crate) exit: u32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Instead of an answer, the connection breaks.
    pub(crate) lost: bool,
    /// How often it comes; `0` for as often as it likes, at least once.
    pub(crate) times: Option<u32>,
}

/// A file that arrives.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    pub(crate) target: String,
    pub(crate) mode: String,
    pub(crate) content: String,
}

/// Something that is seen from this machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// A URL, with another method than `GET` before it; `ADDRESS PORT`; or `mail SERVER:PORT FROM -> TO: SUBJECT`.
    pub(crate) at: String,
    /// What is sent there.
    pub(crate) sends: Option<String>,
    #[serde(default)]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) body: String,
    /// Instead of an answer, after something may have been sent.
    pub(crate) fails: Option<String>,
    /// Instead of an answer, before anything was.
    pub(crate) unreached: Option<String>,
    /// Whether it may be looked at again and again.
    #[serde(default)]
    pub(crate) repeats: bool,
}

/// What an outcome has to be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedOutcome {
    /// A part of the message.
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) value: i32,
    #[serde(default)]
    pub(crate) changed: bool,
    /// What it opens.
    #[serde(default)]
    pub(crate) opens: Vec<String>,
    /// What it closes.
    #[serde(default)]
    pub(crate) closes: Vec<String>,
}

fn an_hour() -> u64 {
    3600
}
