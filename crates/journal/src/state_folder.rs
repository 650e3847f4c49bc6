use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use runsheet_model::RunId;

use crate::{JournalError, RunFolder, lock, private};

/// How long to wait for another runsheet that is making or cleaning runs.
const WAIT: Duration = Duration::from_secs(10);

/// The beginning of the name of a folder that is not a run yet.
pub(crate) const MAKING: &str = ".new-";

/// The folder in which the runs of a user are recorded: `$XDG_STATE_HOME/runsheet`.
#[derive(Clone, Debug)]
pub struct StateFolder {
    path: PathBuf,
}

impl StateFolder {
    /// Opens a state folder, and makes it if it is missing: for its owner alone.
    ///
    /// One that others can write to, or that belongs to somebody else, is refused: what is recorded there decides what is run.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let state = Self { path: path.into() };
        for folder in [state.path.clone(), state.runs_path()] {
            if !folder.exists() {
                private::make_folder(&folder).map_err(JournalError::io("make folder", &folder))?;
            }
            private::check_folder(&folder)?;
        }
        Ok(state)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder of a run, with its plan, durable, and with room for its journal. Nobody else can record or clean it.
    ///
    /// A state folder that is full or cannot be written fails here, before any host is touched.
    pub fn create_run(&self, run: RunId, plan_json: &[u8]) -> Result<RunFolder, JournalError> {
        let runs = self.runs_path();
        let guard = self.runs_folder()?;
        // Not while somebody cleans: a run in the making looks like one that was given up.
        lock::shared(&guard, &runs, WAIT)?;
        let making = runs.join(format!("{MAKING}{run}"));
        let folder = RunFolder::create(run, self.run_path(run), &making, plan_json)?;
        private::sync_folder(&runs)?;
        private::sync_folder(&self.path)?;
        Ok(folder)
    }

    /// The runs, newest first.
    pub fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        let path = self.runs_path();
        let mut runs = Vec::new();
        for entry in fs::read_dir(&path).map_err(JournalError::io("read", &path))? {
            let entry = entry.map_err(JournalError::io("read", &path))?;
            let run = entry.file_name().to_str().and_then(|name| RunId::from_str(name).ok());
            runs.extend(run.filter(|run| run.to_string().as_str() == entry.file_name()));
        }
        runs.sort_unstable_by(|a, b| b.cmp(a));
        Ok(runs)
    }

    /// Finds a run: `last`, an id, or at least four digits with which only one id begins or ends.
    pub fn find(&self, wanted: &str) -> Result<RunId, JournalError> {
        let simple = |text: &str| text.replace('-', "").to_lowercase();
        let runs = self.runs()?;
        let no_run = || JournalError::NoRun { wanted: wanted.to_owned() };
        if wanted == "last" {
            return runs.first().copied().ok_or_else(no_run);
        }
        let digits = simple(wanted);
        if digits.len() < 4 {
            return Err(no_run());
        }
        let found: Vec<RunId> = runs
            .into_iter()
            .filter(|run| {
                let id = simple(&run.to_string());
                id.starts_with(&digits) || id.ends_with(&digits)
            })
            .collect();
        match found[..] {
            [] => Err(no_run()),
            [run] => Ok(run),
            _ => Err(JournalError::Ambiguous { wanted: wanted.to_owned(), runs: found }),
        }
    }

    /// Opens the folder of a run that is there.
    pub fn open_run(&self, run: RunId) -> Result<RunFolder, JournalError> {
        let path = self.run_path(run);
        if !path.is_dir() {
            return Err(JournalError::NoRun { wanted: run.to_string() });
        }
        private::check_folder(&path)?;
        Ok(RunFolder::new(run, path))
    }

    pub(crate) fn runs_path(&self) -> PathBuf {
        self.path.join("runs")
    }

    pub(crate) fn run_path(&self, run: RunId) -> PathBuf {
        self.runs_path().join(run.to_string())
    }

    /// The folder of the runs, to be locked.
    pub(crate) fn runs_folder(&self) -> Result<File, JournalError> {
        let path = self.runs_path();
        File::open(&path).map_err(JournalError::io("open", &path))
    }
}
