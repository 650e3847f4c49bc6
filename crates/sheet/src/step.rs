use std::collections::BTreeMap;
use std::time::Duration;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{StepId, Switch, TaskName};
use serde_json::Value;

use crate::{FailurePolicy, Rollout};

/// How long one attempt of a link may take where the sheet does not say: 1 h.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_hours(1);

/// One row of the sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its stable id: as written, or made out of the name.
    pub id: StepId,
    /// Its title. Never empty.
    pub name: String,
    /// Where it stands; nowhere for a sheet that was not read from a text.
    pub place: Option<Place>,
    /// What is done.
    pub work: Work,
    /// The pattern that selects its hosts; none for a person's work.
    pub hosts: Option<Placed<String>>,
    /// Whether the work is done on the machine that runs runsheet, instead of on hosts.
    pub local: bool,
    /// What must be over before it starts.
    pub after: After,
    /// Whether it runs at all. Steps that wait for one that does not run wait for what it would have waited for.
    pub enabled: bool,
    /// The condition per host; a host for which it is false is skipped. None: every host.
    pub when: Option<Placed<String>>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How long it is expected to take.
    pub expect: Option<Duration>,
    /// Free text.
    pub notes: Option<String>,
    /// How many hosts are worked on at once, 1 to 10,000. None: the run's own number.
    pub forks: Option<usize>,
    /// How long one attempt of a link may take. Never 0. Default: [`DEFAULT_TIMEOUT`].
    pub timeout: Duration,
    /// As whom commands run, if not as the login user.
    pub as_user: Option<AsUser>,
    /// Environment variables of its commands; the values are templates.
    pub env: BTreeMap<String, Placed<String>>,
    /// The folder on the host in which its commands run; a template.
    pub dir: Option<Placed<String>>,
    /// Whether its commands have a terminal.
    pub pty: bool,
    /// Whether it may be repeated without harm, where that is not what the task itself says.
    pub idempotent: Option<bool>,
    /// How it goes through its hosts.
    pub rollout: Rollout,
    /// What happens when hosts fail.
    pub policy: FailurePolicy,
    /// How often a task that failed is tried again, 0 to 100.
    pub retries: u32,
    /// A pattern of the one host on which the commands run instead; a template.
    pub delegate: Option<Placed<String>>,
    /// Files of this machine, relative to the project's folder, that are there once it has ended well; templates. Later steps may send
    /// them.
    pub makes: Vec<Placed<String>>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Tasks on each host.
    Chain(Chain),
    /// What a person is asked to do.
    Manual(Placed<String>),
}

/// What is done on each host.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// Tasks, one after the other, until one fails. Never empty; `task:` is a chain of one.
    pub links: Vec<Link>,
    /// Tasks that come after them whatever happened, if the host was begun at all.
    pub always: Vec<Link>,
}

/// One task of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The task.
    pub task: Placed<TaskName>,
    /// Its arguments: texts are templates; `{secret: NAME}` stands for a secret.
    pub args: BTreeMap<String, Placed<Value>>,
    /// Instead of the step's. Never 0.
    pub timeout: Option<Duration>,
    /// Instead of the step's.
    pub as_user: Option<AsUser>,
    /// Instead of the step's.
    pub idempotent: Option<bool>,
    /// Instead of the step's.
    pub delegate: Option<Placed<String>>,
    /// Instead of the step's.
    pub retries: Option<u32>,
    /// Whether the host keeps a receipt of it.
    pub receipt: bool,
    /// Whether it starts the host anew, and is over when that is back.
    pub reboots: bool,
    /// Of an `always` task: whether it runs even where nobody knows how the chain ended.
    pub even_if_lost: bool,
}

/// As whom commands run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsUser {
    /// As the login user, whatever stands further out (`sudo: false`).
    Login,
    /// As this user; root for `sudo: true`.
    User {
        /// Whom they become.
        user: String,
        /// By which program.
        by: Switch,
    },
}

/// What must be over before a step starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The row above; nothing for the first row.
    RowAbove,
    /// These steps; none of them: it starts at once.
    Steps(Vec<Placed<StepId>>),
}
