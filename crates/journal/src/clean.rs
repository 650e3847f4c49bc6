use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use runsheet_model::RunId;

use crate::output_path::{OUTPUT, folder_bytes};
use crate::run_folder::JOURNAL;
use crate::state_folder::MAKING;
use crate::{History, JournalError, RunFolder, StateFolder, private};

/// The beginning of the name of what is on its way out.
const GOING: &str = ".old-";

/// How much is kept. Runs that are cleaned away stay in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// How many runs. Default: 200.
    pub runs: usize,
    /// How many bytes of output, over all runs. Default: 2 GiB.
    pub output_bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { runs: 200, output_bytes: 2 << 30 }
    }
}

/// Something that was removed, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// Of which run.
    pub run: RunId,
    /// What.
    pub what: CleanedPart,
    /// How many bytes it had.
    pub bytes: u64,
}

/// What of a run is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanedPart {
    /// Everything.
    Run,
    /// The output of its hosts.
    Output,
}

/// Removes the oldest runs until few enough are left, then the output of the oldest until it fits. With `dry` it only tells.
///
/// A run that is being recorded is left alone. A run is taken into the history before it is removed; who has it open gives it.
pub fn clean(
    state: &StateFolder,
    history: Option<&mut History>,
    keep: Keep,
    dry: bool,
) -> Result<Vec<Cleaned>, JournalError> {
    if !dry {
        sweep(state)?;
    }
    let runs = state.runs()?;
    let (kept, old) = runs.split_at(keep.runs.min(runs.len()));
    let mut cleaned = clean_runs(state, history, old, dry)?;
    cleaned.extend(clean_output(state, kept, keep.output_bytes, dry)?);
    Ok(cleaned)
}

fn clean_runs(
    state: &StateFolder,
    history: Option<&mut History>,
    old: &[RunId],
    dry: bool,
) -> Result<Vec<Cleaned>, JournalError> {
    let mut cleaned = Vec::new();
    let mut opened = None;
    let mut history = match history {
        None if !dry && !old.is_empty() => opened.insert(open_history(state)).as_mut(),
        known => known,
    };
    for &run in old.iter().rev() {
        let Some(folder) = open(state, run)? else {
            continue;
        };
        let what = CleanedPart::Run;
        let bytes = folder_bytes(folder.path())?;
        if !dry {
            if folder.is_live().unwrap_or(false) {
                continue;
            }
            // Before its lock is taken here: to a reader, a run that is locked is one that still goes on.
            remember(history.as_deref_mut(), run);
        }
        let Some(_unused) = Unused::of(&folder)? else {
            continue;
        };
        if !dry {
            // By a rename first, so that a crash leaves no half of a run.
            let going = state.runs_path().join(format!("{GOING}{run}"));
            fs::rename(folder.path(), &going).map_err(JournalError::io("remove", folder.path()))?;
            remove_folder(&going)?;
        }
        cleaned.push(Cleaned { run, what, bytes });
    }
    Ok(cleaned)
}

/// `kept` is newest first.
fn clean_output(state: &StateFolder, kept: &[RunId], most: u64, dry: bool) -> Result<Vec<Cleaned>, JournalError> {
    let mut sizes = Vec::with_capacity(kept.len());
    for &run in kept {
        if let Some(folder) = open(state, run)? {
            let bytes = folder.output_bytes()?;
            sizes.push((folder, bytes));
        }
    }
    let mut sum: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
    let mut cleaned = Vec::new();
    for (folder, bytes) in sizes.into_iter().rev().filter(|&(_, bytes)| bytes > 0) {
        if sum <= most {
            break;
        }
        let Some(_unused) = Unused::of(&folder)? else {
            continue;
        };
        if !dry {
            remove_folder(&folder.path().join(OUTPUT))?;
        }
        sum -= bytes;
        cleaned.push(Cleaned { run: folder.run(), what: CleanedPart::Output, bytes });
    }
    Ok(cleaned)
}

/// `None` for a run that somebody else has cleaned away meanwhile.
fn open(state: &StateFolder, run: RunId) -> Result<Option<RunFolder>, JournalError> {
    match state.open_run(run) {
        Err(JournalError::NoRun { .. }) => Ok(None),
        opened => opened.map(Some),
    }
}

/// Cleaning makes room, so it goes on without a history that cannot be used, for example because there is no room.
fn open_history(state: &StateFolder) -> Option<History> {
    History::open(state)
        .inspect_err(|error| tracing::warn!(%error, "runs are removed without being taken into the history"))
        .ok()
}

fn remember(history: Option<&mut History>, run: RunId) {
    if let Some(Err(error)) = history.map(|history| history.add_run(run)) {
        tracing::warn!(%run, %error, "a run is removed that could not be taken into the history");
    }
}

/// A run that nobody records, and that nobody can resume as long as this lives.
struct Unused {
    _lock: Option<File>,
}

impl Unused {
    fn of(folder: &RunFolder) -> Result<Option<Self>, JournalError> {
        let path = folder.path().join(JOURNAL);
        match private::open_to_read(&path) {
            Ok(file) => Ok(file.try_lock().is_ok().then_some(Self { _lock: Some(file) })),
            // Without a journal nobody can record it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Self { _lock: None })),
            Err(error) => Err(JournalError::io("open", &path)(error)),
        }
    }
}

/// Removes what earlier processes left half made or half removed.
fn sweep(state: &StateFolder) -> Result<(), JournalError> {
    let path = state.runs_path();
    let leftovers = |prefix: &'static str| -> Result<Vec<PathBuf>, JournalError> {
        Ok(fs::read_dir(&path)
            .map_err(JournalError::io("read", &path))?
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path())
            .collect())
    };
    let guard = state.runs_folder()?;
    // Whoever makes a run holds this lock shared, so under the exclusive one nobody is making what looks half made.
    if guard.try_lock().is_ok() {
        for made in leftovers(MAKING)? {
            remove_folder(&made)?;
        }
    }
    drop(guard);
    leftovers(GOING)?.iter().try_for_each(|going| remove_folder(going))
}

fn remove_folder(path: &Path) -> Result<(), JournalError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::io("remove", path)(error)),
        _ => Ok(()),
    }
}
