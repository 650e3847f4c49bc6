use std::fs::File;
use std::io;

use crate::{LockFolder, StepWatch};

/// A lock that is held. It is given back when this is dropped, or when the process ends, however that happens.
#[derive(Debug)]
pub struct Guard {
    folder: LockFolder,
    name: String,
    file: File,
}

impl Guard {
    pub(crate) fn new(folder: LockFolder, name: String, file: File) -> Self {
        Self { folder, name, file }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Somebody who watches the run and keeps written in the lock which steps run.
    pub fn step_watch(&self) -> io::Result<StepWatch> {
        StepWatch::start(self.file.try_clone()?)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // First the file, then the lock: nobody finds a file that nobody holds. What cannot be removed counts as stale.
        _ = self.folder.remove(&self.name);
        _ = self.file.unlock();
    }
}
