//! Files as SFTP speaks of them: attributes (draft-ietf-secsh-filexfer-02, section 5), entries of folders, paths.

use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use russh_sftp::protocol::{File as Entry, FileAttributes};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

/// The bits of a mode that `chmod` takes.
pub(crate) const MODE: u32 = 0o7777;

/// What SFTP says of a file. The times end in 2106, which is as far as SFTP's numbers go.
pub(crate) fn attributes(metadata: &Metadata) -> FileAttributes {
    FileAttributes {
        size: Some(metadata.len()),
        uid: Some(metadata.uid()),
        user: None,
        gid: Some(metadata.gid()),
        group: None,
        permissions: Some(metadata.mode()),
        atime: Some(seconds(metadata.atime())),
        mtime: Some(seconds(metadata.mtime())),
    }
}

fn seconds(time: i64) -> u32 {
    u32::try_from(time.max(0)).unwrap_or(u32::MAX)
}

/// Sets what is given, in the order in which OpenSSH's server does: size, mode, times, owner.
pub(crate) fn set_at(path: &Path, attributes: &FileAttributes) -> io::Result<()> {
    if let Some(size) = attributes.size {
        File::options().write(true).open(path)?.set_len(size)?;
    }
    if let Some(mode) = attributes.permissions {
        fs::set_permissions(path, Permissions::from_mode(mode & MODE))?;
    }
    if let (Some(accessed), Some(modified)) = (attributes.atime, attributes.mtime) {
        let time = |seconds: u32| Timespec { tv_sec: i64::from(seconds), tv_nsec: 0 };
        let times = Timestamps { last_access: time(accessed), last_modification: time(modified) };
        utimensat(CWD, path, &times, AtFlags::empty())?;
    }
    if attributes.uid.is_some() || attributes.gid.is_some() {
        chown(path, attributes.uid, attributes.gid)?;
    }
    Ok(())
}

/// Does the same to an open file.
pub(crate) fn set_on(file: &File, attributes: &FileAttributes) -> io::Result<()> {
    if let Some(size) = attributes.size {
        file.set_len(size)?;
    }
    if let Some(mode) = attributes.permissions {
        file.set_permissions(Permissions::from_mode(mode & MODE))?;
    }
    if let (Some(accessed), Some(modified)) = (attributes.atime, attributes.mtime) {
        let time = |seconds: u32| UNIX_EPOCH + Duration::from_secs(seconds.into());
        file.set_times(FileTimes::new().set_accessed(time(accessed)).set_modified(time(modified)))?;
    }
    if attributes.uid.is_some() || attributes.gid.is_some() {
        fchown(file, attributes.uid, attributes.gid)?;
    }
    Ok(())
}

/// The folder's entries, with `.` and `..` as the clients expect them.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = vec![
        Entry::new(".", attributes(&fs::metadata(folder)?)),
        Entry::new("..", attributes(&fs::metadata(folder.join(".."))?)),
    ];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // One that was removed meanwhile is not there any more.
        if let Ok(metadata) = entry.metadata() {
            let name = entry.file_name();
            entries.push(Entry::new(name.to_string_lossy(), attributes(&metadata)));
        }
    }
    Ok(entries)
}

/// The path without links and dots. Its last part need not exist, as with OpenSSH's server.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            Ok(parent.canonicalize()?.join(name))
        }
        (real, _, _) => real,
    }
}
