use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runsheet_diagnostics::{Hint, Hints};
use thiserror::Error;

/// Why a lock could not be taken, looked at or broken.
#[derive(Debug, Error)]
pub enum LockError {
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
    /// The folder that is to be shared is not there.
    #[error("the folder of locks `{}` is not there", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// Others could take away or replace locks.
    #[error("anybody could remove the locks of others from `{}` (mode {mode:o})", path.display())]
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to somebody else, who could take away locks.
    #[error("the folder of locks `{}` belongs to user {owner}, and neither to you nor to root", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The number of the user.
        owner: u32,
    },
    /// Somebody holds a lock, and it cannot be told for which hosts.
    #[error("`{}` is held, and nobody can tell for which hosts: {why}", path.display())]
    Unclear {
        /// The lock's file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Another process is taking a lock and does not come to an end.
    #[error("another runsheet is taking a lock in `{}` and has not ended within {limit:?}", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
}

impl LockError {
    /// For `map_err`: an error of the file system while doing something to a path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

impl Hint for LockError {
    fn hints(&self) -> Hints {
        match self {
            Self::Missing { path } => Hints::from(format!(
                "make it, for all users of this machine: sudo install -d -m 1777 {}",
                path.display()
            )),
            Self::Unsafe { path, .. } => {
                Hints::from(format!("let nobody remove what belongs to others: chmod +t {}", path.display()))
            }
            Self::Foreign { path, .. } => Hints::from(format!("give it to root: sudo chown root {}", path.display())),
            Self::Unclear { .. } => Hints::from("look who made it (ls -l), and wait for their run to end"),
            Self::Busy { .. } => {
                Hints::from("a runsheet that was stopped (Ctrl-Z) in that moment holds everybody up: fg it")
            }
            Self::Io { .. } => Hints::none(),
        }
    }
}
