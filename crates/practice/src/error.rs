use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a practice fleet could not be described or started.
#[derive(Debug, Error)]
pub enum PracticeError {
    /// A host's name cannot be the name of its folder.
    #[error("host name `{name}` is empty, too long, or holds a character other than letters, digits, `-`, `_` and `.`")]
    HostName {
        /// The name as given.
        name: String,
    },

    /// A fault was given for a host that is not in the fleet.
    #[error("no host of the fleet is called `{name}`")]
    UnknownHost {
        /// The name as given.
        name: String,
    },

    /// More hosts than a fleet may have.
    #[error("a practice fleet has at most {limit} hosts")]
    TooManyHosts {
        /// The most hosts that a fleet may have.
        limit: usize,
    },

    /// A word for a fault is not known, or its value is wrong.
    #[error("`{text}` is not a fault: {reason}")]
    Fault {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A command is no part to be played.
    #[error("`{text}` is no part to be played")]
    Part {
        /// The command as given.
        text: String,
    },

    /// An entry of a scenario has no `pattern: word` form, or its pattern is wrong.
    #[error("entry `{entry}` of the scenario is wrong: {reason}")]
    ScenarioEntry {
        /// The entry as given.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// An entry of a scenario names something that is not a fault.
    #[error("entry `{entry}` of the scenario is wrong")]
    ScenarioFault {
        /// The entry as given.
        entry: String,
        /// What is wrong with its fault.
        source: Box<PracticeError>,
    },

    /// The folder that was given for the fleet holds something already.
    #[error("folder `{}` for the fleet is not empty", path.display())]
    FolderNotEmpty {
        /// The folder.
        path: PathBuf,
    },

    /// A file or folder of the fleet could not be made.
    #[error("failed to make `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A key could not be made or written.
    #[error("failed to make a key of the fleet")]
    Key {
        /// What the library said.
        source: russh::keys::ssh_key::Error,
    },

    /// No address could be had for a host.
    #[error("no loopback address for host `{name}`")]
    Listen {
        /// The host.
        name: String,
        /// What the system said about the last address tried.
        source: io::Error,
    },

    /// The limit on open files could not be raised.
    #[error("failed to raise the limit on open files")]
    OpenFiles {
        /// What the system said.
        source: io::Error,
    },

    /// Preparing the fleet was cut short, because its runtime is shutting down.
    #[error("the runtime ended before the fleet was ready")]
    RuntimeEnded,
}
