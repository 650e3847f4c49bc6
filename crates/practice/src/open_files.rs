use rustix::process::{Resource, getrlimit, setrlimit};

use crate::PracticeError;

/// Raises this process's soft limit on open files to the hard one, and returns the limit in force (`None`: no limit).
///
/// A host of the fleet holds one open file, each connection one more, each running command three. Many systems start a
/// process with a soft limit of 1,024. Nothing in this crate calls this: whether to change a process is its owner's say.
pub fn raise_open_files() -> Result<Option<u64>, PracticeError> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit).map_err(|error| PracticeError::OpenFiles { source: error.into() })?;
    }
    Ok(getrlimit(Resource::Nofile).current)
}
