use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::unreachable::io_text;

/// Why a known_hosts file cannot be used. Such a file is never taken for an empty one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum KnownHostsError {
    /// It is there and cannot be read.
    #[error("failed to read `{}`: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },

    /// It is a folder or a device.
    #[error("`{}` is not a file", path.display())]
    NotAFile { path: PathBuf },

    /// Anybody could vouch for any host.
    #[error("`{}` can be written to by everybody", path.display())]
    WorldWritable { path: PathBuf },

    /// A learned key could not be put on record.
    #[error("failed to write to `{}`: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: String },

    /// Another program keeps it locked.
    #[error("`{}` is locked by another program for longer than {limit:?}", path.display())]
    Locked { path: PathBuf, limit: Duration },

    /// There is nowhere to put a learned key.
    #[error("no file is set for keys of new hosts")]
    NoFile,

    /// The disk does not answer.
    #[error("no answer about `{}` from its disk within {limit:?}", path.display())]
    TimedOut { path: PathBuf, limit: Duration },
}

impl KnownHostsError {
    pub(crate) fn unreadable(path: &std::path::Path, error: &io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: io_text(error) }
    }

    pub(crate) fn unwritable(path: &std::path::Path, error: &io::Error) -> Self {
        Self::Unwritable { path: path.to_owned(), reason: io_text(error) }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::WorldWritable { path } => Some(format!("chmod o-w {}", path.display())),
            Self::NoFile => Some("set `UserKnownHostsFile` in ssh_config".to_owned()),
            _ => None,
        }
    }
}
