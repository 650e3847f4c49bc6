use std::borrow::Cow;
use std::{fmt, io};

use runsheet_diagnostics::{Hint, Hints, Place};
use runsheet_inventory::InventoryError;
use runsheet_model::{SecretName, StepId, TaskName, plural};
use runsheet_task::{ArgError, LocalCommandError, NoTask};
use runsheet_template::TemplateError;
use thiserror::Error;

/// Why a sheet, an inventory and tasks make no plan.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The hosts of a step cannot be selected.
    #[error("{place}: the hosts of step `{step}` cannot be selected")]
    Hosts {
        /// The step.
        step: String,
        /// Where its pattern stands.
        place: Place,
        /// Why.
        source: Box<InventoryError>,
    },

    /// A host is selected whose settings make no sense.
    #[error(transparent)]
    Inventory(#[from] Box<InventoryError>),

    /// A step runs on this machine, and a host has its name.
    #[error("{place}: a host of the inventory is called `local`, which is what this machine is called")]
    LocalIsAHost {
        /// Where the step stands.
        place: Place,
    },
    /// A command may not be started on this machine.
    #[error("{place}: {error}")]
    LocalCommand {
        /// Where it stands.
        place: Place,
        /// Why not.
        error: LocalCommandError,
    },
    /// There is no such task.
    #[error("{place}: {error}")]
    Task {
        /// Where it is named.
        place: Place,
        /// Which.
        error: NoTask,
    },

    /// A host can keep a receipt of one command only.
    #[error("{place}: no receipt can be kept of task `{task}`")]
    NoReceipt {
        /// Where it is named.
        place: Place,
        /// The task.
        task: TaskName,
    },

    /// An argument is wrong.
    #[error("{place}: {error}{}", for_host(host.as_deref()))]
    Arg {
        /// Where it stands, or the task if it is missing.
        place: Place,
        /// For which host, if it differs by host.
        host: Option<String>,
        /// What is wrong.
        error: Box<ArgError>,
    },

    /// An argument names a file of this machine that cannot be read.
    #[error("{place}: failed to read `{path}` for argument `{name}` of task `{task}`")]
    File {
        /// Where it stands.
        place: Place,
        /// The task.
        task: TaskName,
        /// The argument.
        name: Cow<'static, str>,
        /// The path, as it stands in the sheet.
        path: String,
        /// Why.
        source: io::Error,
    },

    /// A template cannot be rendered.
    #[error("{place}: {error}{}", for_host(host.as_deref()))]
    Template {
        /// Where it stands.
        place: Place,
        /// For which host, if it differs by host.
        host: Option<String>,
        /// What is wrong.
        error: TemplateError,
    },

    /// The host on which commands run instead cannot be selected.
    #[error("{place}: the `delegate` of step `{step}` cannot be selected{}", for_host(host.as_deref()))]
    Delegate {
        /// The step.
        step: String,
        /// Where its pattern stands.
        place: Place,
        /// For which host, if it differs by host.
        host: Option<String>,
        /// Why.
        source: Box<InventoryError>,
    },

    /// Commands can run on one host only instead.
    #[error("{place}: `delegate` is one host, and `{pattern}` is {count}{}", for_host(host.as_deref()))]
    ManyDelegates {
        /// Where the pattern stands.
        place: Place,
        /// The pattern.
        pattern: String,
        /// How many it selects.
        count: usize,
        /// For which host, if it differs by host.
        host: Option<String>,
    },

    /// A host has no place in the order.
    #[error("{place}: host `{host}` has no variable `{variable}` to be ordered by")]
    NoOrder {
        /// Where the order stands.
        place: Place,
        /// The variable.
        variable: String,
        /// The host.
        host: String,
    },

    /// A floor that leaves nobody to work on.
    #[error("{place}: a `floor` of {floor} leaves none of {} to work on", plural(*group, "host"))]
    Floor {
        /// Where it stands.
        place: Place,
        /// How many hosts must be in service.
        floor: usize,
        /// How many there are.
        group: usize,
    },

    /// The id of a step that is made here is the id of another.
    #[error("{place}: the step that undoes this one would have the id `{id}`, which another has")]
    UndoId {
        /// Where the step stands.
        place: Place,
        /// The id.
        id: String,
    },

    /// A secret that `runsheet.yaml` does not know.
    #[error("{place}: there is no secret `{name}`")]
    NoSecret {
        /// Where it is named.
        place: Place,
        /// Its name.
        name: SecretName,
    },

    /// Two steps make the same file.
    #[error("{place}: step `{step}` makes `{path}` as well")]
    MadeTwice {
        /// Where the second one says so.
        place: Place,
        /// The file.
        path: String,
        /// The first one.
        step: StepId,
    },

    /// A file is sent by a step that does not come after the one that makes it.
    #[error("{place}: `{path}` is made by step `{step}`, {when}")]
    MadeTooLate {
        /// Where it is sent.
        place: Place,
        /// The file.
        path: String,
        /// The step that makes it.
        step: StepId,
        /// When that is.
        when: MadeWhen,
    },

    /// A flag names a step that the sheet does not have.
    #[error("{flag} names no step of the sheet: `{name}`")]
    NoStep {
        /// The flag.
        flag: &'static str,
        /// What it says.
        name: String,
        /// The nearest id.
        nearest: Option<String>,
    },

    /// Nothing is left to run.
    #[error("no step is left to run")]
    NothingToRun,

    /// The limits leave no host of a single step.
    #[error("no host is left: `{pattern}` has none outside `--exclude` and within `--limit`")]
    NoHostLeft {
        /// The pattern of the step.
        pattern: String,
    },
}

/// When a step makes a file, seen from one that sends it too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeWhen {
    /// It is the same step.
    Meanwhile,
    /// It waits for the one that sends it.
    Afterwards,
    /// Neither waits for the other.
    Sometime,
}

impl fmt::Display for MadeWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Meanwhile => "which is this step itself",
            Self::Afterwards => "which comes after this step",
            Self::Sometime => "for which this step does not wait",
        })
    }
}

fn for_host(host: Option<&str>) -> String {
    host.map(|host| format!(" (for host `{host}`)")).unwrap_or_default()
}

impl From<InventoryError> for PlanError {
    fn from(error: InventoryError) -> Self {
        Self::Inventory(Box::new(error))
    }
}

impl Hint for PlanError {
    fn hints(&self) -> Hints {
        match self {
            Self::Hosts { source, .. } | Self::Delegate { source, .. } => source.hints(),
            Self::Inventory(error) => error.hints(),
            Self::Task { error, .. } => error.hints(),
            Self::LocalCommand { error, .. } => error.hints(),
            Self::LocalIsAHost { .. } => Hints::from("give the host another name"),
            Self::NoReceipt { .. } => {
                Hints::from("receipts are for tasks that are one command: `command` and `script`")
            }
            Self::Arg { error, .. } => error.hints(),
            Self::Template { error, .. } => error.hint().map(Hints::from).unwrap_or_default(),
            Self::File { .. } => Hints::from("paths are relative to the project's folder"),
            Self::NoSecret { name, .. } => {
                Hints::from(format!("write `secrets: {{{name}: {{env: VARIABLE}}}}` into runsheet.yaml"))
            }
            Self::NoStep { nearest, .. } => match nearest {
                Some(nearest) => Hints::did_you_mean(Some(nearest)),
                None => Hints::from("`runsheet plan SHEET` lists the steps"),
            },
            Self::MadeTwice { .. } => Hints::from("a file is made by one step"),
            Self::MadeTooLate { step, when: MadeWhen::Sometime, .. } => {
                Hints::from(format!("`after: {step}` lets this step wait for it"))
            }
            Self::MadeTooLate { .. } => Hints::from("a file is sent by a step that comes after the one that makes it"),
            Self::NothingToRun => Hints::from("every step is disabled in the sheet or left out by a flag"),
            Self::NoOrder { variable, .. } => {
                Hints::from(format!("give each host the variable, such as `vars: {{{variable}: a1}}`"))
            }
            Self::Floor { .. } => Hints::from("a lower `floor` leaves room for at least one host"),
            Self::UndoId { .. } => Hints::from("give one of them another `id:`"),
            Self::ManyDelegates { .. } | Self::NoHostLeft { .. } => Hints::none(),
        }
    }
}
