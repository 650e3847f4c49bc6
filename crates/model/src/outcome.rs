use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What `do_work` returned for one host: a message and a number, 0 for success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// One line for people, or more.
    pub message: String,
    /// 0 for success; otherwise most often the exit code of the command that failed.
    pub value: i32,
    /// Whether the host is another one than before, by the task's own report. Meaningful for success only.
    pub changed: bool,
    /// What was opened and has to be closed again one day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opens: Vec<Debt>,
    /// What was closed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closes: Vec<Debt>,
    /// After how many milliseconds what it opened ends by itself. A run that still needs it does the task again before, if the task is
    /// idempotent. Absent: it lasts until it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts_ms: Option<u64>,
}

/// Something that a task opened and that must not be forgotten, such as a drained host or a downtime.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Debt(
    /// What is open, such as `drained` or `downtime 17`.
    pub String,
);

impl Outcome {
    /// Success that changed the host.
    pub fn changed(message: impl Into<String>) -> Self {
        Self { message: message.into(), value: 0, changed: true, opens: Vec::new(), closes: Vec::new(), lasts_ms: None }
    }

    /// Success that left the host as it was.
    pub fn unchanged(message: impl Into<String>) -> Self {
        Self { changed: false, ..Self::changed(message) }
    }

    /// Failure. A `value` of 0 becomes 1, so that a failure can never be taken for success.
    pub fn failed(message: impl Into<String>, value: i32) -> Self {
        Self { value: if value == 0 { 1 } else { value }, changed: false, ..Self::changed(message) }
    }

    /// Adds a debt that this outcome opens.
    pub fn opens(mut self, debt: impl Into<String>) -> Self {
        self.opens.push(Debt(debt.into()));
        self
    }

    /// What it opens ends by itself after this time.
    pub fn lasts(self, time: Duration) -> Self {
        Self { lasts_ms: Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)), ..self }
    }

    /// Adds a debt that this outcome closes.
    pub fn closes(mut self, debt: impl Into<String>) -> Self {
        self.closes.push(Debt(debt.into()));
        self
    }

    /// Whether the work was done.
    pub fn is_ok(&self) -> bool {
        self.value == 0
    }
}
