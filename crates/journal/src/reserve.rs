use std::fs::File;
use std::path::Path;

use crate::JournalError;

/// How much room a journal is given before its run starts, in bytes: some 40,000 events.
pub(crate) const RESERVE: u64 = 16 << 20;

/// Reserves room for a file after its first `from` bytes, without making it longer, so that a disk that fills up later does not stop a run at once.
///
/// A file system that cannot reserve is only asked how much is free.
pub(crate) fn reserve(file: &File, path: &Path, from: u64) -> Result<(), JournalError> {
    let full = || JournalError::Full { path: path.to_owned(), needed: RESERVE };
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::{Errno, retry_on_intr};
        match retry_on_intr(|| fallocate(file, FallocateFlags::KEEP_SIZE, from, RESERVE)) {
            Ok(()) => return Ok(()),
            Err(Errno::NOSPC | Errno::DQUOT) => return Err(full()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            Err(errno) => return Err(JournalError::io("reserve room for", path)(errno.into())),
        }
    }
    let found = rustix::fs::fstatvfs(file).map_err(|errno| JournalError::io("look at", path)(errno.into()))?;
    if found.f_bavail.saturating_mul(found.f_frsize) < RESERVE {
        return Err(full());
    }
    Ok(())
}
