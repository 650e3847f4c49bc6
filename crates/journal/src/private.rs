//! Files and folders that nobody else may read: 0600 and 0700 from the moment they are made, never through a symbolic link.
//!
//! The mode is given when a file is made and not changed afterwards: between the two, others could open it
//! (CVE-2022-24302 was that).

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::JournalError;

/// Makes a folder 0700, and those above it that are missing; one that is there stays as it is.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Refuses a folder that somebody else owns or can write to.
pub(crate) fn check_folder(path: &Path) -> Result<(), JournalError> {
    let path = path.to_owned();
    let found = fs::metadata(&path).map_err(JournalError::io("look at", &path))?;
    if !found.is_dir() {
        return Err(JournalError::io("use as a folder", &path)(io::ErrorKind::NotADirectory.into()));
    }
    let owner = found.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(JournalError::Foreign { path, owner });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(JournalError::Unsafe { path, mode });
    }
    Ok(())
}

/// Makes a file 0600; fails if anything stands there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
}

/// Opens a file to read it.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDONLY)
}

/// Opens a file to read and write it.
pub(crate) fn open_to_write(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDWR)
}

/// Opens a file to write at its end; makes it 0600 if it is missing.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDWR | OFlags::APPEND | OFlags::CREATE)
}

/// NONBLOCK: a FIFO that was put there must not hold us up. It changes nothing for a regular file.
fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(JournalError::io("sync folder", path))
}

/// Writes a file so that all of it is there and durable, or what was there before. Takes away what an earlier try has left.
pub(crate) fn replace_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let temporary = temporary(folder, name);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::io("remove", &temporary)(error)),
        _ => write_whole(folder, name, bytes),
    }
}

fn temporary(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.new"))
}

/// Writes a new file so that it is there whole and durable, or not at all.
pub(crate) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let path = folder.join(name);
    let temporary = temporary(folder, name);
    let mut file = create(&temporary).map_err(JournalError::io("make", &temporary))?;
    file.write_all(bytes).map_err(JournalError::io("write", &temporary))?;
    file.sync_all().map_err(JournalError::io("sync", &temporary))?;
    fs::rename(&temporary, &path).map_err(JournalError::io("rename", &temporary))?;
    sync_folder(folder)
}
