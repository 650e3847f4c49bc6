use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use runsheet_diagnostics::{Hint, Hints};
use runsheet_model::SinkName;
use rustix::fs::{Mode, OFlags};
use thiserror::Error;

use crate::Standing;

/// The folder of a run in which its sinks keep how far they have got.
const FOLDER: &str = "sinks";

/// No such file is larger, in bytes.
const LARGEST: u64 = 64 << 10;

/// The file in which a sink keeps how far it has got with a run: `sinks/NAME.json` in the run's folder, 0600.
///
/// It is locked while it is open, so that no two processes deliver the same. It is replaced as a whole.
#[derive(Debug)]
pub struct StandingFile {
    path: PathBuf,
    standing: Standing,
    /// The lock is another file: the file itself is replaced.
    _lock: File,
}

/// Why it cannot be told how far a sink has got.
#[derive(Debug, Error)]
pub enum StandingError {
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
    /// Another runsheet delivers to it right now.
    #[error("another runsheet delivers to sink `{sink}` right now")]
    Busy {
        /// The sink.
        sink: SinkName,
    },
    /// The file is not what was written.
    #[error("`{}` does not tell how far a sink has got", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl Hint for StandingError {
    fn hints(&self) -> Hints {
        match self {
            Self::Broken { path, .. } => {
                Hints::from(format!("remove it to deliver the run from its beginning: rm {}", path.display()))
            }
            Self::Io { .. } | Self::Busy { .. } => Hints::none(),
        }
    }
}

impl StandingError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

impl StandingFile {
    /// Opens the file of a sink in the folder of a run, or makes it, and takes its lock without waiting.
    pub fn open(run_folder: &Path, sink: &SinkName, kind: &str) -> Result<Self, StandingError> {
        let folder = run_folder.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(StandingError::io("make", &folder))?;
        let lock_path = folder.join(format!("{sink}.lock"));
        let lock = private(&lock_path, OFlags::RDWR | OFlags::CREATE).map_err(StandingError::io("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StandingError::Busy { sink: sink.clone() }),
            Err(TryLockError::Error(source)) => return Err(StandingError::io("lock", &lock_path)(source)),
        }
        let path = folder.join(format!("{sink}.json"));
        let found = read(&path)?;
        let fresh = found.is_none();
        let standing = found.unwrap_or_else(|| Standing { kind: kind.to_owned(), ..Standing::default() });
        let mut file = Self { path, standing, _lock: lock };
        if fresh {
            // From now on it is known that this run goes there.
            file.update(true, |_| ())?;
        }
        Ok(file)
    }

    /// How far every sink of a run has got, by their names.
    pub fn all(run_folder: &Path) -> Result<Vec<(SinkName, Standing)>, StandingError> {
        let folder = run_folder.join(FOLDER);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StandingError::io("read", &folder)(error)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(StandingError::io("read", &folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json"));
            if let Some(Ok(name)) = name.map(SinkName::new)
                && let Some(standing) = read(&path)?
            {
                all.push((name, standing));
            }
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }

    /// How far it has got.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Changes how far it has got, on disk first; `durable` for what has to survive a power loss.
    pub(crate) fn update(&mut self, durable: bool, change: impl FnOnce(&mut Standing)) -> Result<(), StandingError> {
        let mut next = self.standing.clone();
        change(&mut next);
        let new = self.path.with_extension("json.new");
        let broken = |source| StandingError::Broken { path: self.path.clone(), source };
        let mut text = serde_json::to_vec(&next).map_err(broken)?;
        text.push(b'\n');
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        let mut file = private(&new, flags).map_err(StandingError::io("make", &new))?;
        file.write_all(&text)
            .and_then(|()| if durable { file.sync_data() } else { Ok(()) })
            .map_err(StandingError::io("write", &new))?;
        fs::rename(&new, &self.path).map_err(StandingError::io("rename", &new))?;
        self.standing = next;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<Standing>, StandingError> {
    let file = match private(path, OFlags::RDONLY) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StandingError::io("open", path)(error)),
    };
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).map_err(StandingError::io("read", path))?;
    let broken = |source| StandingError::Broken { path: path.to_owned(), source };
    serde_json::from_slice(&text).map(Some).map_err(broken)
}

/// Opens a file that only its owner may read, never through a symbolic link; a FIFO in its place holds nobody up.
fn private(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}
