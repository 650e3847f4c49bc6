use std::io;
use std::path::PathBuf;
use std::process::ExitStatus as ProcessStatus;

use runsheet_diagnostics::{Hint, Hints};
use runsheet_googlesheets::GoogleError;
use runsheet_import::ImportError;
use runsheet_inventory::InventoryError;
use runsheet_journal::JournalError;
use runsheet_locks::LockError;
use runsheet_model::{MaskError, RunId, SecretName};
use runsheet_plan::PlanError;
use runsheet_practice::PracticeError;
use runsheet_rehearsal::FaultError;
use runsheet_sheet::SheetError;
use runsheet_sinks::SinkError;
use runsheet_task::NoTask;
use runsheet_workbook::WorkbookError;
use runsheet_yaml::YamlError;
use thiserror::Error;

use crate::approved::{PlanChanged, PlanFileProblem};
use crate::exit::ExitStatus;

/// Why the program could not do what it was asked.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    /// The environment is too poor to start.
    #[error("the variable HOME names no folder")]
    NoHome,

    /// The working directory is gone.
    #[error("the working directory cannot be read")]
    WorkingDirectory { source: io::Error },

    /// A command line that clap cannot check.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },

    /// A file of the project is wrong.
    #[error(transparent)]
    Yaml(#[from] YamlError),

    /// Host groups or a pattern are wrong.
    #[error(transparent)]
    Inventory(#[from] InventoryError),

    /// A sheet is wrong.
    #[error(transparent)]
    Sheet(#[from] SheetError),

    /// A sheet does not fit hosts and tasks.
    #[error(transparent)]
    Plan(#[from] PlanError),

    /// A file that should hold an approved plan does not.
    #[error("`{path}` cannot be taken for the approved plan")]
    PlanFile {
        path: PathBuf,
        #[source]
        problem: PlanFileProblem,
    },

    /// What would run is not what was approved.
    #[error(transparent)]
    PlanChanged(PlanChanged),

    /// A spreadsheet cannot be read.
    #[error(transparent)]
    Workbook(#[from] WorkbookError),

    /// A spreadsheet cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),

    #[error(transparent)]
    Google(#[from] GoogleError),

    #[error(transparent)]
    Sink(#[from] SinkError),

    /// What a spreadsheet would become cannot be used.
    #[error("{place}: {what}")]
    Imported { place: String, what: String, hint: Option<String> },

    /// There is no such task.
    #[error(transparent)]
    Task(#[from] NoTask),

    /// A secret cannot be had.
    #[error("secret `{name}` cannot be read")]
    Secret {
        name: SecretName,
        #[source]
        problem: SecretProblem,
    },

    /// A key cannot be unlocked.
    #[error("the key `{path}` cannot be used")]
    Key {
        path: PathBuf,
        #[source]
        problem: KeyProblem,
    },

    /// A secret cannot be hidden.
    #[error(transparent)]
    Mask(#[from] MaskError),

    /// The record of a run cannot be kept or read.
    #[error(transparent)]
    Journal(#[from] JournalError),

    /// A run cannot be gone on with.
    #[error("run {} cannot be resumed: {why}", run.short())]
    NotResumable { run: RunId, why: &'static str },

    /// A run is still going on.
    #[error("run {} is still going on", run.short())]
    RunIsLive { run: RunId },

    /// A run would not be the same any more.
    #[error("run {} cannot be resumed: its plan is another one now\n{}", run.short(), listed(differences))]
    RunChanged {
        run: RunId,
        differences: Vec<String>,
        /// Whether it is so only in steps that had not begun.
        acceptable: bool,
    },

    /// Somebody takes a changed plan for good, and steps that have begun would not be the same any more.
    #[error(
        "run {} cannot be resumed: of what has begun already something else would run\n{}", run.short(), listed(differences)
    )]
    BegunChanged { run: RunId, differences: Vec<String> },

    /// A lock cannot be taken or looked at.
    #[error(transparent)]
    Lock(#[from] LockError),

    /// Other runs hold what is wanted.
    #[error("{message}")]
    Locked { message: String, hint: String },

    /// A fault of a rehearsal cannot be played.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// It cannot be told how far a sink has got.
    #[error(transparent)]
    Standing(#[from] runsheet_sinks::StandingError),

    /// Practice hosts cannot be started.
    #[error(transparent)]
    Practice(#[from] PracticeError),

    /// Standard output or error cannot be written.
    #[error("failed to write the output")]
    Output { source: io::Error },

    /// A file cannot be written.
    #[error("failed to write `{path}`")]
    Write { path: PathBuf, source: io::Error },

    /// A file that the command line names cannot be read.
    #[error("failed to read `{path}`")]
    Read { path: PathBuf, source: io::Error },

    /// Signals cannot be listened to.
    #[error("failed to listen for signals")]
    Signals { source: io::Error },

    /// The log's filter makes no sense.
    #[error("the log filter is wrong")]
    LogFilter { source: tracing_subscriber::filter::ParseError },

    /// The log's file cannot be opened.
    #[error("failed to open the log file `{path}`")]
    LogFile { path: PathBuf, source: io::Error },

    /// The runtime cannot be started.
    #[error("failed to start")]
    Runtime { source: io::Error },
}

/// Why a secret cannot be read.
#[derive(Debug, Error)]
pub(crate) enum SecretProblem {
    #[error("`runsheet.yaml` does not say where it comes from")]
    Undeclared,
    #[error("the environment variable `{variable}` is not set")]
    NoVariable { variable: String },
    #[error("failed to read `{path}`")]
    File { path: PathBuf, source: io::Error },
    #[error("`{path}` can be read by others (mode {mode:04o})")]
    OpenToOthers { path: PathBuf, mode: u32 },
    #[error("failed to run `{program}`")]
    Command { program: String, source: io::Error },
    #[error("`{program}` ended with {status}")]
    CommandFailed { program: String, status: ProcessStatus },
    #[error("the terminal cannot be read")]
    Terminal { source: io::Error },
    #[error("it is asked at the terminal, and there is none to ask at")]
    NobodyToAsk,
    #[error("it holds a NUL byte")]
    Nul,
}

/// Why a key cannot be unlocked.
#[derive(Debug, Error)]
pub(crate) enum KeyProblem {
    #[error("it is encrypted, there is nobody to ask for its passphrase, and nothing else to log in with on `{host}`")]
    NobodyToAsk { host: String },
    #[error("the terminal cannot be read")]
    Terminal { source: io::Error },
    #[error("none of the passphrases opens it")]
    WrongPassphrase,
}

impl CliError {
    /// A mistake on the command line.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// How the program ends with it.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::Usage { .. }
            | Self::Yaml(_)
            | Self::Inventory(_)
            | Self::Fault(_)
            | Self::Sheet(_)
            | Self::Plan(_)
            | Self::PlanFile { .. }
            | Self::Workbook(_)
            | Self::Import(_)
            | Self::Google(_)
            | Self::Sink(_)
            | Self::Imported { .. }
            | Self::Task(_)
            | Self::Secret { .. }
            | Self::Key { .. }
            | Self::Mask(_)
            | Self::LogFilter { .. }
            | Self::NotResumable { .. }
            | Self::Read { .. }
            | Self::Journal(JournalError::NoRun { .. } | JournalError::Ambiguous { .. }) => ExitStatus::Usage,
            Self::RunIsLive { .. } | Self::Locked { .. } => ExitStatus::Locked,
            Self::RunChanged { .. } | Self::BegunChanged { .. } | Self::PlanChanged(_) => ExitStatus::Stopped,
            Self::NoHome
            | Self::Lock(_)
            | Self::WorkingDirectory { .. }
            | Self::Journal(_)
            | Self::Standing(_)
            | Self::Practice(_)
            | Self::Output { .. }
            | Self::Write { .. }
            | Self::Signals { .. }
            | Self::LogFile { .. }
            | Self::Runtime { .. } => ExitStatus::Internal,
        }
    }
}

impl Hint for CliError {
    fn hints(&self) -> Hints {
        match self {
            Self::Usage { hint, .. } | Self::Imported { hint, .. } => hint.clone().map(Hints::from).unwrap_or_default(),
            Self::Yaml(error) => error.hint().map(Hints::from).unwrap_or_default(),
            Self::Inventory(error) => error.hints(),
            Self::Fault(error) => error.hints(),
            Self::Sheet(error) => error.hints(),
            Self::Plan(error) => error.hints(),
            Self::PlanFile { problem: PlanFileProblem::Plan(error), .. } => error.hints(),
            Self::PlanChanged(_) => Hints::from("take back what differs, or have the plan approved anew"),
            Self::Workbook(error) => error.hint().map(Hints::from).unwrap_or_default(),
            Self::Import(error) => error.hints(),
            Self::Google(error) => error.hint().map(Hints::from).unwrap_or_default(),
            Self::Task(error) => error.hints(),
            Self::Journal(error) => error.hints(),
            Self::Standing(error) => error.hints(),
            Self::NotResumable { .. } => {
                Hints::from("run the sheet anew; `--start-at`, `--only` and `--limit` leave out what is done")
            }
            Self::RunIsLive { .. } => Hints::from("wait for its end; `runsheet lock status` tells which step runs"),
            Self::RunChanged { run, acceptable: true, .. } => Hints::from(format!(
                "nothing that has begun is another: `runsheet resume {} --accept-plan-change` goes on with the plan as it is now",
                run.short()
            )),
            Self::RunChanged { .. } | Self::BegunChanged { .. } => Hints::from(
                "undo the change and resume, or run the sheet anew: `runsheet plan` shows what it would do now",
            ),
            Self::Lock(error) => error.hints(),
            Self::Locked { hint, .. } => Hints::from(hint.clone()),
            Self::Key { path, .. } => Hints::from(format!("unlock it for this session: ssh-add {}", path.display())),
            Self::Secret { problem: SecretProblem::OpenToOthers { path, .. }, .. } => {
                Hints::from(format!("chmod 600 {}", path.display()))
            }
            Self::Secret { problem: SecretProblem::Undeclared, name } => {
                Hints::from(format!("write `secrets: {{{name}: {{env: VARIABLE}}}}` into runsheet.yaml"))
            }
            _ => Hints::none(),
        }
    }
}

/// Lines for a message, indented.
pub(crate) fn listed(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
