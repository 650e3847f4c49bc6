use std::time::Duration;

use runsheet_model::{RunId, StepId, TaskName, duration_ms};
use serde::{Deserialize, Serialize};

/// What a run is, for those who read only its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// Version of the journal's format. This program writes 1.
    pub format: u32,
    /// The run.
    pub run: RunId,
    /// Which time this run is being run: 1, and one more with each resume.
    pub epoch: u32,
    /// Name of the sheet.
    pub sheet: String,
    /// The command that started it: `run`, `do`, `exec`, `put`, `get`; or that it is a `rehearsal`, which leaves no record behind.
    pub command: String,
    /// Hash of the plan, `sha256:` and 64 hexadecimal digits.
    pub plan_hash: String,
    /// Version of runsheet.
    pub version: String,
    /// Login name of who started it.
    pub user: String,
    /// The machine on which runsheet runs.
    pub machine: String,
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
    /// How many different hosts are in the plan.
    pub hosts: usize,
    /// What was asked for, so that it can be asked for once more; absent in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// When it was forecast to be over as it began; absent if nothing was known, and in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<RunForecast>,
}

/// How long a run was forecast to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunForecast {
    /// Machine time along the steps that decide its end; at least, if `unknown` is not 0.
    #[serde(with = "duration_ms", rename = "took_ms")]
    pub took: Duration,
    /// How long these steps usually wait for people.
    #[serde(default, with = "duration_ms", rename = "waited_ms")]
    pub waited: Duration,
    /// Of how many steps nobody knew how long they take.
    #[serde(default)]
    pub unknown: usize,
}

/// The command line that began a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its words, the program's name first, masked.
    pub words: Vec<String>,
    /// The folder in which it was given.
    pub folder: String,
}

/// A step of the plan, as far as readers of events need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its id.
    pub step: StepId,
    /// Its title.
    pub name: String,
    /// The tasks of its chain; empty for a manual step.
    pub tasks: Vec<TaskName>,
    /// How many hosts.
    pub hosts: usize,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How long the sheet expects it to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_ms: Option<u64>,
    /// How long it was forecast to take when the run began, out of its history; machine time, waiting for people left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast_ms: Option<u64>,
    /// The step that it undoes. It runs only for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<StepId>,
    /// The steps that must be over before it starts. Older records do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<StepId>>,
}
