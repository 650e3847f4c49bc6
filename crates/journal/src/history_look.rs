use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use runsheet_model::TaskName;
use rusqlite::Connection;

use crate::history_links::{self, PastLink};
use crate::history_query::{self, PastStep};
use crate::history_times::{self, PastTimes};
use crate::{JournalError, history_file};

/// A look at the history as it lies there, for those who can do without it. Unlike [`History`](crate::History) it takes no lock, makes
/// nothing anew and waits at most a second.
#[derive(Debug)]
pub struct HistoryLook {
    path: PathBuf,
    connection: Connection,
}

impl HistoryLook {
    /// Opens the history in this state folder; nothing if there is none yet, or one of another version.
    pub fn at(state: &Path) -> Result<Option<Self>, JournalError> {
        // SQLite takes a symbolic link anywhere in the path for one that leads astray.
        let folder = match fs::canonicalize(state) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            folder => folder.map_err(JournalError::io("look at", state))?,
        };
        let path = folder.join("history.sqlite");
        match history_file::look(&path) {
            Ok(connection) => Ok(connection.map(|connection| Self { path, connection })),
            Err(source) => Err(JournalError::History { path, source }),
        }
    }

    /// As [`History::steps`](crate::History::steps).
    pub fn steps(&self, sheet: &str, last: usize) -> Result<Vec<PastStep>, JournalError> {
        history_query::steps(&self.connection, sheet, last).map_err(|error| self.failed(error))
    }

    /// As [`History::times`](crate::History::times).
    pub fn times(&self, sheet: &str, last: usize) -> Result<Vec<PastTimes>, JournalError> {
        history_times::times(&self.connection, sheet, last).map_err(|error| self.failed(error))
    }

    /// How long a task took in past runs, whatever their sheets and steps, newest first, at most `last` times. Only the newest 200 runs
    /// are looked at.
    pub fn links(&self, task: &TaskName, last: usize) -> Result<Vec<PastLink>, JournalError> {
        history_links::links(&self.connection, task.as_str(), last).map_err(|error| self.failed(error))
    }

    fn failed(&self, source: rusqlite::Error) -> JournalError {
        JournalError::History { path: self.path.clone(), source }
    }
}
