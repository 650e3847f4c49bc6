use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runsheet_diagnostics::{Hint, Hints};
use runsheet_model::RunId;
use thiserror::Error;

/// Why a record could not be made, written or read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file system said no.
    #[error("failed to {doing} `{}`", path.display())]
    Io {
        /// What was being done, such as `write`.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no room for a journal: a run that could not be recorded is not started.
    #[error("no room in `{}`: a journal needs {needed} bytes", path.display())]
    Full {
        /// The folder.
        path: PathBuf,
        /// How many bytes have to be free.
        needed: u64,
    },
    /// Somebody else could change what is recorded.
    #[error("folder `{}` can be written by others (mode {mode:o})", path.display())]
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to somebody else, who could change what is recorded.
    #[error("folder `{}` belongs to user {owner} and not to you", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The number of the user.
        owner: u32,
    },
    /// No run has such an id.
    #[error("no run `{wanted}`")]
    NoRun {
        /// What was asked for.
        wanted: String,
    },
    /// More than one run has such an id.
    #[error("`{wanted}` could be any of {} runs", runs.len())]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The runs, newest first.
        runs: Vec<RunId>,
    },
    /// Another process holds the lock.
    #[error("`{}` is still in use by another runsheet after {wait:?}", path.display())]
    Locked {
        /// What is locked.
        path: PathBuf,
        /// How long was waited for it.
        wait: Duration,
    },
    /// A newer runsheet wrote it.
    #[error("`{}` has format {format}; this runsheet reads up to {}", path.display(), crate::FORMAT)]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The journal is not what was written.
    #[error("`{}` is broken at line {line}: {why}", path.display())]
    Broken {
        /// The journal.
        path: PathBuf,
        /// The first line that is wrong, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The writer stopped before everything was durable.
    #[error("the journal could not be written: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
    /// The history failed. A run never fails by it.
    #[error("failed to use the history `{}`", path.display())]
    History {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

impl JournalError {
    /// For `map_err`: an error of the file system while doing something to a path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

impl Hint for JournalError {
    fn hints(&self) -> Hints {
        match self {
            Self::Full { .. } => Hints::from("make room, for example with `runsheet clean`"),
            Self::Unsafe { path, .. } => {
                Hints::from(format!("make it yours alone with `chmod 700 {}`", path.display()))
            }
            Self::NoRun { .. } => Hints::from("`runsheet history` lists the runs"),
            Self::Ambiguous { runs, .. } => {
                let first: Vec<_> = runs.iter().take(3).map(ToString::to_string).collect();
                Hints::from(format!("say more digits, such as `{}`", first.join("`, `")))
            }
            Self::Broken { .. } => Hints::from("`runsheet journal recover` writes what is sound to a new file"),
            Self::Newer { .. } => Hints::from("use the runsheet that wrote it, or a newer one"),
            Self::Foreign { .. } => Hints::from("run it as that user, or choose another folder with `XDG_STATE_HOME`"),
            Self::Io { .. } | Self::Locked { .. } | Self::Stopped { .. } | Self::History { .. } => Hints::none(),
        }
    }
}
