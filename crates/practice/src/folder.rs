use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::PracticeError;

/// The folder of a fleet, 0700. One that was made here is removed with everything in it when this is dropped.
#[derive(Debug)]
pub(crate) struct FleetFolder {
    path: PathBuf,
    made_here: bool,
}

impl FleetFolder {
    /// Makes a fresh folder among the system's temporary ones.
    pub(crate) fn temporary() -> Result<Self, PracticeError> {
        let folder = tempfile::Builder::new()
            .prefix("runsheet-practice-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|source| file_error(&std::env::temp_dir(), source))?;
        Ok(Self { path: folder.keep(), made_here: true })
    }

    /// Makes the folder, or takes the one that is there if it is empty.
    pub(crate) fn at(path: &Path) -> Result<Self, PracticeError> {
        let made_here = match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(file_error(path, error)),
        };
        // Absolute, because commands start in another folder than this process.
        let path = path.canonicalize().map_err(|error| file_error(path, error))?;
        if !made_here {
            let mut entries = fs::read_dir(&path).map_err(|error| file_error(&path, error))?;
            if entries.next().is_some() {
                return Err(PracticeError::FolderNotEmpty { path });
            }
            fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(|error| file_error(&path, error))?;
        }
        Ok(Self { path, made_here })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for FleetFolder {
    fn drop(&mut self) {
        if !self.made_here {
            return;
        }
        // A process that was killed a moment ago may still be writing its last file, so a few tries are made.
        for _ in 0..20 {
            match fs::remove_dir_all(&self.path) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        }
        tracing::warn!(folder = %self.path.display(), "the fleet's folder was not removed");
    }
}

/// Says that the file or folder could not be made.
pub(crate) fn file_error(path: &Path, source: io::Error) -> PracticeError {
    PracticeError::File { path: path.to_owned(), source }
}
