//! Waiting for `flock(2)`: the kernel gives it back when its holder ends, even by `kill -9`.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::JournalError;

/// How often a lock that is held is tried again.
const AGAIN: Duration = Duration::from_millis(25);

/// Takes a lock that nobody else may hold meanwhile; waits for it at most `wait`.
pub(crate) fn exclusive(file: &File, path: &Path, wait: Duration) -> Result<(), JournalError> {
    take(|| file.try_lock(), path, wait)
}

/// Takes a lock that many may hold, but not together with an exclusive one.
pub(crate) fn shared(file: &File, path: &Path, wait: Duration) -> Result<(), JournalError> {
    take(|| file.try_lock_shared(), path, wait)
}

/// Whether somebody holds the exclusive lock of a file. Holds a shared one for an instant, which a waiting writer bears.
pub(crate) fn is_held(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) => {
            // A file that was locked can be unlocked; if not, closing it does.
            _ = file.unlock();
            false
        }
        // Where locks do not work at all, the careful answer is that somebody is there.
        Err(_) => true,
    }
}

fn take(attempt: impl Fn() -> Result<(), TryLockError>, path: &Path, wait: Duration) -> Result<(), JournalError> {
    let deadline = Instant::now() + wait;
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(source)) => return Err(JournalError::io("lock", path)(source)),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(JournalError::Locked { path: path.to_owned(), wait });
            }
            Err(TryLockError::WouldBlock) => thread::sleep(AGAIN),
        }
    }
}
