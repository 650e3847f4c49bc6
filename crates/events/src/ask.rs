use async_trait::async_trait;
use runsheet_model::{HostName, StepId};
use serde::{Deserialize, Serialize};

/// A question to a person, as data. Whoever implements [`Ask`] decides how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A manual step: do this, then say that it is done. Answered [`Choice::Proceed`] or [`Choice::Abort`].
    Manual {
        /// Which step.
        step: StepId,
        /// Its title.
        name: String,
        /// What to do.
        instructions: String,
        /// Whose it is.
        owner: Option<String>,
    },
    /// A wave is over: look, and say whether the next one may start. Answered [`Choice::Proceed`] or [`Choice::Abort`].
    Approval {
        /// Which step.
        step: StepId,
        /// Its title.
        name: String,
        /// How many waves are over.
        done: usize,
        /// How many waves there are.
        waves: usize,
        /// How many hosts the next wave has.
        next: usize,
        /// Whose it is.
        owner: Option<String>,
    },
    /// Hosts failed, and the sheet would not go on. Any [`Choice`] answers it but [`Choice::Proceed`].
    Failure {
        /// Which step.
        step: StepId,
        /// Its title.
        name: String,
        /// The hosts, and what happened to each.
        hosts: Vec<(HostName, String)>,
        /// How many of the step's hosts have not started.
        left: usize,
    },
}

/// What a person chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Go on.
    Proceed,
    /// Do not go on.
    Abort,
    /// Try the failed hosts again.
    Retry,
    /// Go on as if the failed hosts had not failed.
    Skip,
    /// Go on, and leave the failed hosts out of the rest of the run.
    Exclude,
    /// Leave the rest of the step, and go on with the next.
    SkipStep,
}

/// A person's answer, or that of a flag in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What they chose.
    pub choice: Choice,
    /// What they noted.
    pub note: String,
    /// Who answered.
    pub who: String,
}

/// Asks people. The display is suspended while a question stands.
#[async_trait]
pub trait Ask: Send + Sync {
    /// Asks and waits for the answer, however long that takes. Dropping the future withdraws the question.
    async fn ask(&self, question: Question) -> Answer;
}

impl Question {
    /// The question in one line, for the record.
    pub fn text(&self) -> String {
        match self {
            Self::Manual { instructions, .. } => instructions.clone(),
            Self::Approval { done, waves, .. } => format!("wave {done} of {waves} is over; start the next?"),
            Self::Failure { hosts, .. } => {
                let names: Vec<_> = hosts.iter().take(20).map(|(host, _)| host.as_str()).collect();
                let more = if hosts.len() > names.len() { " and more" } else { "" };
                format!("failed on {}{more}; what now?", names.join(", "))
            }
        }
    }
}
