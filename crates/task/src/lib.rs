//! What a task is: the trait, the host it works on, its configuration, its arguments and the registry of all tasks.
//!
//! For those who write tasks (`tasks/`), for the plan that checks arguments, and for the runner that hands a task its host. A task
//! does not know the runner, and nothing here knows SSH: a host is worked on through [`Remote`], which `ssh` implements.

mod args;
mod boot_id;
mod capture;
mod command;
mod config;
mod connector;
mod error;
mod facts;
mod host;
mod local;
mod local_command;
mod overslept;
mod password_wanted;
mod receipt;
mod registry;
mod remote;
mod seen_file;
mod shell;
mod signs;
mod spec;

pub use args::{ArgError, Args, FileToMake, FileToSend, LocalFile, LocalFiles, LocalFolder};
use async_trait::async_trait;
pub use boot_id::BootId;
pub use capture::Capture;
pub use command::{Command, CommandResult};
pub use config::{Config, Secrets};
pub use connector::{Connected, Connector};
pub use error::TaskError;
pub use facts::{Disk, Facts, FactsCell};
pub use host::{Host, Notes};
pub use local::{HttpAnswer, HttpRequest, Local, LocalError, Mail, MailEncryption};
pub use local_command::{LocalCommand, LocalCommandError};
pub use overslept::{MOMENT, OVERSLEPT, awake_until};
pub use password_wanted::sudo_hint;
pub use receipt::{Receipt, Receipted};
pub use registry::{NoTask, Registry};
pub use remote::{
    Content, Download, ExecEnd, ExecRequest, Exit, Limits, OnLocal, Output, Remote, RemoteError, Transfer, Upload,
};
pub use runsheet_model::Outcome;
pub use seen_file::{SeenFile, Sighting};
pub use shell::{AsUser, ShellSettings, quote};
pub use signs::SignsOfLife;
pub use spec::{Arg, ArgKind, TaskCode, TaskSpec};

/// A task module: the work of a step on one host.
#[async_trait]
pub trait Task: Send + Sync {
    /// Returns what this task is: its name, summary, arguments and promises.
    fn spec(&self) -> &TaskSpec;

    /// Does the work on one host.
    ///
    /// A command that fails is an [`Outcome`] with a value other than 0, not an error; errors are for what kept the task from
    /// knowing (a lost connection, a limit) and are best passed on with `?`.
    async fn do_work(&self, config: &Config, host: &Host) -> Result<Outcome, TaskError>;
}
