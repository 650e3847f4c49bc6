use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use runsheet_events::OutputKey;
use runsheet_model::RunId;

use crate::chain::Chain;
use crate::output_path::{OUTPUT, folder_bytes, output_path};
use crate::store::JournalFile;
use crate::{JournalError, JournalWriter, OutputReader, RunReader, WriterSettings, lock, private, reserve};

pub(crate) const PLAN: &str = "plan.json";
pub(crate) const JOURNAL: &str = "journal.ndjson";

/// The folder of a run: `plan.json`, `journal.ndjson` and `output/`.
#[derive(Debug)]
pub struct RunFolder {
    run: RunId,
    path: PathBuf,
    /// The journal of a run that was just made, locked since before anybody else could see it.
    journal: Option<File>,
}

impl RunFolder {
    pub(crate) fn new(run: RunId, path: PathBuf) -> Self {
        Self { run, path, journal: None }
    }

    /// Makes the folder of a run, and takes its lock. `making` is another name on the way there.
    pub(crate) fn create(run: RunId, path: PathBuf, making: &Path, plan: &[u8]) -> Result<Self, JournalError> {
        let unfinished = Unfinished(making);
        let output = making.join(OUTPUT);
        private::make_folder(&output).map_err(JournalError::io("make folder", &output))?;
        let journal_path = making.join(JOURNAL);
        let journal = private::create(&journal_path).map_err(JournalError::io("make", &journal_path))?;
        lock::exclusive(&journal, &journal_path, std::time::Duration::ZERO)?;
        reserve::reserve(&journal, &journal_path, 0)?;
        journal.sync_all().map_err(JournalError::io("sync", &journal_path))?;
        private::write_whole(making, PLAN, plan)?;
        fs::rename(making, &path).map_err(JournalError::io("make", &path))?;
        drop(unfinished);
        Ok(Self { run, path, journal: Some(journal) })
    }

    /// The same run once more, to record it.
    pub fn reopen(&self) -> Result<Self, JournalError> {
        private::check_folder(&self.path)?;
        Ok(Self::new(self.run, self.path.clone()))
    }

    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts another plan in the place of the one with which the run began, whole or not at all. For whoever records the run and nobody
    /// else at the same time.
    pub fn replace_plan(&self, json: &[u8]) -> Result<(), JournalError> {
        private::replace_whole(&self.path, PLAN, json)
    }

    /// The plan, as it was when the run was made, or when it was last resumed with another.
    pub fn plan(&self) -> Result<Vec<u8>, JournalError> {
        let path = self.path.join(PLAN);
        fs::read(&path).map_err(JournalError::io("read", &path))
    }

    /// Starts to record. A run that was opened, and not just made, goes on: its lock is taken, what is recorded so far is checked, a
    /// torn last line is cut, and room is reserved again.
    pub fn start(mut self, settings: &WriterSettings) -> Result<JournalWriter, JournalError> {
        let path = self.journal_path();
        if let Some(file) = self.journal.take() {
            return JournalWriter::spawn(self, JournalFile(file), Chain::start(), settings);
        }
        let mut file = private::open_to_write(&path).map_err(JournalError::io("open", &path))?;
        lock::exclusive(&file, &path, settings.lock_wait)?;
        let found = file.metadata().map_err(JournalError::io("look at", &path))?;
        if found.nlink() == 0 {
            // It was cleaned away while we waited.
            return Err(JournalError::NoRun { wanted: self.run.to_string() });
        }
        let (chain, end) = RunReader::open(&self)?.sound_end()?;
        if end < found.len() {
            file.set_len(end).map_err(JournalError::io("cut", &path))?;
            file.sync_all().map_err(JournalError::io("sync", &path))?;
        }
        reserve::reserve(&file, &path, end)?;
        file.seek(SeekFrom::Start(end)).map_err(JournalError::io("seek in", &path))?;
        JournalWriter::spawn(self, JournalFile(file), chain, settings)
    }

    /// Reads what is recorded.
    pub fn reader(&self) -> Result<RunReader, JournalError> {
        RunReader::open(self)
    }

    /// Reads the output of a step on a host; it is empty if there was none.
    pub fn output(&self, key: &OutputKey) -> Result<OutputReader, JournalError> {
        OutputReader::open(&output_path(&self.path, key))
    }

    /// How many bytes the output of all hosts takes on disk.
    pub fn output_bytes(&self) -> Result<u64, JournalError> {
        folder_bytes(&self.path.join(OUTPUT))
    }

    /// Whether somebody is recording it right now.
    pub fn is_live(&self) -> Result<bool, JournalError> {
        let path = self.journal_path();
        let file = private::open_to_read(&path).map_err(JournalError::io("open", &path))?;
        Ok(lock::is_held(&file))
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }
}

/// A folder in the making. What is still there under this name in the end goes away.
struct Unfinished<'a>(&'a Path);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // What is left over is cleaned another time.
        _ = fs::remove_dir_all(self.0);
    }
}
