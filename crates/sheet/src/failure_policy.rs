use runsheet_diagnostics::Placed;
use runsheet_model::{Share, StepId};
use serde::{Deserialize, Serialize};

use crate::Link;

/// What happens when hosts of a step fail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailurePolicy {
    /// How many may fail. None: none may, and the others of the wave are finished all the same.
    pub max_fail: Option<Share>,
    /// How many may be unreachable, counted apart. None: they count as failed.
    pub max_unreachable: Option<Share>,
    /// Of what those are shares, and over what is counted.
    pub of: Scope,
    /// What happens when more failed.
    pub on_failure: OnFailure,
    /// How the step is undone.
    pub rollback: Option<Undo>,
    /// What happens to a host that takes far longer than the others.
    pub straggler: Straggler,
}

/// Over what failures are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Over the whole step.
    #[default]
    Step,
    /// Over each wave anew.
    Wave,
}

/// What happens when more hosts failed than may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Nothing later starts.
    #[default]
    Stop,
    /// The sheet goes on, without the hosts that failed.
    Continue,
    /// What was changed is undone, last step first.
    Rollback,
}

/// How a step is undone.
#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    /// By these steps of the sheet, which do nothing else, in their order here. Never empty.
    Steps(Vec<Placed<StepId>>),
    /// By these tasks on the step's own hosts. Never empty.
    Links(Vec<Link>),
}

/// What happens to a host that takes far longer than its peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Straggler {
    /// It is named.
    #[default]
    Warn,
    /// It is stopped and left out of what follows, and counts for nothing.
    Exclude,
    /// It is stopped and has failed.
    Fail,
}
