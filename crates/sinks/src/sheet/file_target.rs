use std::error::Error;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use runsheet_model::shortened;
use runsheet_workbook::{Tab, Workbook};

use super::target::{Change, SheetTarget};
use crate::SinkError;

/// The most files of a folder that are looked at.
const MOST_FILES: usize = 1000;

/// How much of a lock file is read, in bytes.
const LOCK: u64 = 4096;

/// Why a file could not be read or changed.
pub type FileError = Box<dyn Error + Send + Sync>;

/// How a spreadsheet is read and changed in place.
#[derive(Clone, Copy)]
pub struct FileTools {
    /// Reads a file or a folder of CSV files.
    pub read: fn(&Path) -> Result<Workbook, FileError>,
    /// Changes cells of a tab, all of them or none, and touches nothing else.
    pub patch: fn(&Path, &str, &[Change]) -> Result<(), FileError>,
}

/// A spreadsheet on this machine to which timing is written: a file, or a folder of CSV files.
///
/// One that somebody has open in LibreOffice or Excel is left alone, since their next save would undo what was written, or one of the
/// two would be lost.
pub struct FileTarget {
    path: PathBuf,
    shown: String,
    tools: FileTools,
    seen: Option<Vec<Stamp>>,
}

/// What changes when a file is changed or replaced.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl FileTarget {
    /// Prepares; nothing is opened yet. `shown` is how the file is called in messages.
    pub fn new(path: PathBuf, shown: impl Into<String>, tools: FileTools) -> Self {
        Self { path, shown: shown.into(), tools, seen: None }
    }

    fn stamps(&self) -> Result<Vec<Stamp>, SinkError> {
        let failed = |error| SinkError::unavailable(format!("failed to look at `{}`", self.shown)).because(error);
        let mut paths = vec![self.path.clone()];
        if self.path.is_dir() {
            let entries =
                fs::read_dir(&self.path).map_err(failed)?.flatten().take(MOST_FILES).map(|entry| entry.path());
            paths.extend(
                entries.filter(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))),
            );
            paths.sort();
        }
        let mut stamps = Vec::new();
        for path in paths {
            let about = fs::metadata(&path).map_err(failed)?;
            if about.permissions().readonly() {
                return Err(SinkError::refused(format!("`{}` is read-only", self.shown)));
            }
            if about.is_file() {
                if let Some(holder) = held(&path) {
                    return Err(SinkError::unavailable(format!(
                        "`{}` is open in {holder}; close it there",
                        self.shown
                    )));
                }
                let changed = (about.mtime(), about.mtime_nsec());
                stamps.push(Stamp { path, inode: about.ino(), size: about.len(), changed });
            }
        }
        Ok(stamps)
    }
}

impl SheetTarget for FileTarget {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn read(&mut self, tab: &str) -> Result<Tab, SinkError> {
        // Before it is read: what is changed from now on shows.
        self.seen = Some(self.stamps()?);
        let workbook = (self.tools.read)(&self.path)
            .map_err(|error| SinkError::refused(format!("failed to read `{}`", self.shown)).because(error))?;
        let found = workbook.tabs.into_iter().find(|found| found.name == tab);
        found.ok_or_else(|| SinkError::refused(format!("`{}` has no tab `{tab}`", self.shown)))
    }

    fn write(&mut self, tab: &str, changes: &[Change]) -> Result<(), SinkError> {
        if self.seen.take() != Some(self.stamps()?) {
            return Err(SinkError::unavailable(format!("`{}` was changed in this moment", self.shown)));
        }
        (self.tools.patch)(&self.path, tab, changes)
            .map_err(|error| SinkError::unavailable(format!("failed to write `{}`", self.shown)).because(error))
    }
}

/// Who has a file open, by the lock files that LibreOffice (`.~lock.NAME#`) and Excel (`~$NAME`) lay beside it.
fn held(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent()?;
    let lock = folder.join(format!(".~lock.{name}#"));
    if lock.exists() {
        let mut text = String::new();
        if let Ok(file) = fs::File::open(&lock) {
            _ = file.take(LOCK).read_to_string(&mut text);
        }
        // `FULL NAME,LOGIN,MACHINE,DATE,PROFILE;`
        let mut words = text.split(',').skip(1).map(str::trim).filter(|word| !word.is_empty());
        return Some(match (words.next(), words.next()) {
            (Some(who), Some(machine)) => {
                format!("LibreOffice, by {} on {}", shortened(who, 40), shortened(machine, 60))
            }
            _ => "LibreOffice".to_owned(),
        });
    }
    folder.join(format!("~${name}")).exists().then(|| "Excel".to_owned())
}
