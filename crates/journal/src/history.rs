use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use runsheet_events::Prior;
use runsheet_model::{RunId, StepId};
use rusqlite::Connection;

use crate::history_query::{self, PastHost, PastRun, PastStep};
use crate::history_series::{self, PastSeries};
use crate::history_times::{self, PastTimes};
use crate::{JournalError, StateFolder, history_add, history_file, lock, private};

/// How long to wait for another runsheet that is making the history anew.
const WAIT: Duration = Duration::from_secs(30);

/// What happened in past runs, by run, step and host: `history.sqlite` in the state folder, derived from the journals.
///
/// It is an index and never the truth. A missing or broken file, or one of another version, is made anew from the journals of
/// the runs that are still there; runs that were cleaned away stay in it until then.
#[derive(Debug)]
pub struct History {
    state: StateFolder,
    path: PathBuf,
    connection: Connection,
    skipped: Vec<Skipped>,
}

/// A run that could not be taken into the history.
#[derive(Debug)]
pub struct Skipped {
    /// The run.
    pub run: RunId,
    /// Why.
    pub error: JournalError,
}

impl History {
    /// Opens the history of a state folder, and makes it from the journals if it is not there or not usable.
    pub fn open(state: &StateFolder) -> Result<Self, JournalError> {
        // SQLite takes a symbolic link anywhere in the path for one that leads astray.
        let folder = fs::canonicalize(state.path()).map_err(JournalError::io("look at", state.path()))?;
        let path = folder.join("history.sqlite");
        let guard_path = folder.join("history.lock");
        let guard = private::open_to_append(&guard_path).map_err(JournalError::io("open", &guard_path))?;
        lock::exclusive(&guard, &guard_path, WAIT)?;
        let found = match history_file::open(&path) {
            Err(error) if history_file::is_corrupt(&error) => None,
            found => found.map_err(failed(&path))?,
        };
        let is_new = found.is_none();
        let connection = match found {
            Some(connection) => connection,
            None => history_file::make(&path).map_err(failed(&path))?,
        };
        let mut history = Self { state: state.clone(), path, connection, skipped: Vec::new() };
        if is_new {
            history.fill()?;
        }
        Ok(history)
    }

    /// The runs that could not be taken in when the history was last made from the journals.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Adds a run, or puts it in the place of what is known of it. `started` is the time of its first event.
    pub fn add(&mut self, run: &Prior, started: SystemTime) -> Result<(), JournalError> {
        self.with(|connection| history_add::add(connection, run, started))
    }

    /// Adds a run from its journal.
    pub fn add_run(&mut self, run: RunId) -> Result<(), JournalError> {
        let reader = self.state.open_run(run)?.reader()?;
        match reader.started()? {
            Some(started) => self.add(&reader.seen()?, started),
            // It was made, and ended before its first event.
            None => Ok(()),
        }
    }

    /// Adds all runs anew from their journals; those that are still being recorded add themselves when they are over. A run whose
    /// journal is broken is skipped and told by [`History::skipped`]; what is known of runs that were cleaned away is kept.
    pub fn rebuild(&mut self) -> Result<(), JournalError> {
        // Finds out whether the file is sound at all, and makes it anew if not.
        self.with(|connection| connection.query_row("PRAGMA quick_check(1)", [], history_query::is_sound))?;
        self.fill()
    }

    /// The last runs, newest first; of one sheet, or of all.
    pub fn runs(&mut self, limit: usize, sheet: Option<&str>) -> Result<Vec<PastRun>, JournalError> {
        self.with(|connection| history_query::runs(connection, limit, sheet))
    }

    /// How long each step of a sheet took in its last runs, at most `last` of them. Only those count in which the step ended well
    /// on all its hosts: one that stopped half-way says nothing about how long it takes.
    pub fn steps(&mut self, sheet: &str, last: usize) -> Result<Vec<PastStep>, JournalError> {
        self.with(|connection| history_query::steps(connection, sheet, last))
    }

    /// The hosts on which a step of a sheet took longest in its last runs, slowest first, by their medians. Only ends that were ok
    /// count.
    pub fn slowest_hosts(
        &mut self,
        sheet: &str,
        step: &StepId,
        last: usize,
        limit: usize,
    ) -> Result<Vec<PastHost>, JournalError> {
        self.with(|connection| history_query::slowest_hosts(connection, sheet, step, last, limit))
    }

    /// How long each step of a sheet took on each host in the sheet's last runs, at most `last` of them. Only ends that were ok count.
    pub fn times(&mut self, sheet: &str, last: usize) -> Result<Vec<PastTimes>, JournalError> {
        self.with(|connection| history_times::times(connection, sheet, last))
    }

    /// How long all steps together took on each host in the sheet's last runs, at most `last` of them. Runs in which a step did not end
    /// ok on the host do not count for it.
    pub fn host_series(&mut self, sheet: &str, last: usize) -> Result<Vec<PastSeries>, JournalError> {
        self.with(|connection| history_series::hosts(connection, sheet, last))
    }

    /// How long each task took on a host in the sheet's last runs, at most `last` of them: half of the hosts were below. Only ends that
    /// were ok count.
    pub fn task_series(&mut self, sheet: &str, last: usize) -> Result<Vec<PastSeries>, JournalError> {
        self.with(|connection| history_series::tasks(connection, sheet, last))
    }

    fn fill(&mut self) -> Result<(), JournalError> {
        self.skipped.clear();
        for run in self.state.runs()?.into_iter().rev() {
            let added = match self.state.open_run(run).and_then(|folder| folder.is_live()) {
                Ok(true) => Ok(()),
                Ok(false) => self.add_run(run),
                Err(error) => Err(error),
            };
            match added {
                Err(error @ JournalError::History { .. }) => return Err(error),
                Err(error) => self.skipped.push(Skipped { run, error }),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Does something with the database; makes it anew and tries again, once, if it turns out to be broken.
    fn with<T>(&mut self, work: impl Fn(&mut Connection) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        match work(&mut self.connection) {
            Err(error) if history_file::is_corrupt(&error) => {
                tracing::warn!(path = %self.path.display(), %error, "the history is broken and is made anew");
                // What cannot be read has to go, or opening would take it for sound again.
                fs::remove_file(&self.path).map_err(JournalError::io("remove", &self.path))?;
                *self = Self::open(&self.state)?;
                work(&mut self.connection).map_err(failed(&self.path))
            }
            done => done.map_err(failed(&self.path)),
        }
    }
}

fn failed(path: &Path) -> impl FnOnce(rusqlite::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::History { path, source }
}
