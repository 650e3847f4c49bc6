use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Mode, OFlags};

use crate::LockError;

/// How long to wait for others who are taking a lock or looking at them. Only one that was stopped takes longer.
const GATE_LIMIT: Duration = Duration::from_secs(10);
/// How often the folder is tried again meanwhile.
const AGAIN: Duration = Duration::from_millis(5);

/// Whose locks are in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Those of one user, for nobody else to see.
    Private,
    /// Those of all users of the machine, who may read them.
    Shared,
}

/// The folder in which the runs of a user, or of all users of a machine, hold their locks.
///
/// It is opened once; everything in it is reached from there and never through a symbolic link.
#[derive(Debug)]
pub struct LockFolder {
    path: PathBuf,
    folder: File,
    sharing: Sharing,
}

/// Nobody else takes a lock, or ends one that is stale, while this is held.
pub(crate) struct Gate(File);

impl Drop for Gate {
    fn drop(&mut self) {
        // Closing it does the same.
        _ = self.0.unlock();
    }
}

impl LockFolder {
    /// Opens a folder of locks.
    ///
    /// A private one is made if it is missing. A shared one is made by root only, as open as `/tmp`: made by anybody else it would
    /// belong to them. One in which others could remove or replace what is not theirs is refused.
    pub fn open(path: &Path, sharing: Sharing) -> Result<Self, LockError> {
        let folder = match open_folder(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path, sharing)?;
                open_folder(path)
            }
            other => other,
        };
        let folder = folder.map_err(LockError::io("open the folder of locks", path))?;
        let found = folder.metadata().map_err(LockError::io("look at", path))?;
        let owner = found.uid();
        let me = rustix::process::geteuid();
        if owner != me.as_raw() && !(owner == 0 && sharing == Sharing::Shared) {
            return Err(LockError::Foreign { path: path.to_owned(), owner });
        }
        let mode = found.mode() & 0o7777;
        let is_open = mode & 0o022 != 0;
        if is_open && (sharing == Sharing::Private || mode & 0o1000 == 0) {
            return Err(LockError::Unsafe { path: path.to_owned(), mode });
        }
        Ok(Self { path: path.to_owned(), folder, sharing })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until nobody else takes a lock.
    pub(crate) fn gate(&self) -> Result<Gate, LockError> {
        let deadline = Instant::now() + GATE_LIMIT;
        // Opened anew: a lock belongs to what was opened, and two threads of one process are to wait for each other, too.
        let gate = self.open_at(".", OFlags::RDONLY | OFlags::DIRECTORY).map_err(self.failed("open", "."))?;
        loop {
            match gate.try_lock() {
                Ok(()) => return Ok(Gate(gate)),
                Err(TryLockError::Error(source)) => return Err(LockError::io("lock", &self.path)(source)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(LockError::Busy { path: self.path.clone(), limit: GATE_LIMIT });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(AGAIN),
            }
        }
    }

    /// The names of its files that end so, in their order.
    pub(crate) fn names(&self, ending: &str) -> Result<Vec<String>, LockError> {
        let failed = |error: rustix::io::Errno| LockError::io("read", &self.path)(error.into());
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // Ours are text.
            names.extend(entry.file_name().to_str().ok().filter(|name| name.ends_with(ending)).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Makes a file; fails if anything stands there.
    pub(crate) fn create(&self, name: &str) -> io::Result<File> {
        let file = self.open_at(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)?;
        self.let_read(&file)?;
        Ok(file)
    }

    /// Opens a file to write at its end; makes it if it is missing.
    pub(crate) fn append(&self, name: &str) -> io::Result<File> {
        let file = self.open_at(name, OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE)?;
        if file.metadata()?.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to somebody else"));
        }
        self.let_read(&file)?;
        Ok(file)
    }

    /// Opens a file to read it.
    pub(crate) fn open_to_read(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlags::RDONLY)
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, name, AtFlags::empty())?)
    }

    /// For `map_err`: an error while doing something to a file of the folder.
    pub(crate) fn failed(&self, doing: &'static str, name: &str) -> impl FnOnce(io::Error) -> LockError + use<> {
        let path = self.path.join(name);
        move |source| LockError::Io { doing, path, source }
    }

    /// The same folder once more, for somebody who outlives this.
    pub(crate) fn again(&self) -> io::Result<Self> {
        Ok(Self { path: self.path.clone(), folder: self.folder.try_clone()?, sharing: self.sharing })
    }

    /// NONBLOCK: a FIFO that was put there must not hold us up. It changes nothing for a regular file.
    fn open_at(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR)?);
        let found = file.metadata()?.file_type();
        if found.is_file() || flags.contains(OFlags::DIRECTORY) {
            Ok(file)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
        }
    }

    /// Lets other users of a shared folder read a file of ours, whatever the umask says: they have to see what is locked.
    fn let_read(&self, file: &File) -> io::Result<()> {
        match self.sharing {
            Sharing::Private => Ok(()),
            Sharing::Shared => file.set_permissions(std::fs::Permissions::from_mode(0o644)),
        }
    }
}

fn open_folder(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

fn make(path: &Path, sharing: Sharing) -> Result<(), LockError> {
    let failed = || LockError::io("make the folder of locks", path);
    match sharing {
        Sharing::Private => DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed()),
        Sharing::Shared if rustix::process::geteuid().is_root() => {
            match DirBuilder::new().mode(0o700).create(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
                other => other.map_err(failed())?,
            }
            // The umask does not count: whoever may not write here cannot take a lock.
            let folder = open_folder(path).map_err(failed())?;
            folder.set_permissions(std::fs::Permissions::from_mode(0o1777)).map_err(failed())
        }
        Sharing::Shared => Err(LockError::Missing { path: path.to_owned() }),
    }
}
