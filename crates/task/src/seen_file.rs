use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A file on this machine that a task will send as it was seen while planning, without having been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// Its path, absolute or relative to the working directory.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
    /// Which file it is, and which version of it.
    pub sighting: Sighting,
}

impl SeenFile {
    /// A file by what the system says of it.
    pub fn new(path: PathBuf, found: &Metadata) -> Self {
        Self {
            path,
            bytes: found.len(),
            executable: found.permissions().mode() & 0o100 != 0,
            sighting: Sighting::of(found),
        }
    }
}

/// What tells a file of this machine from any other, and from itself after a change.
///
/// Whoever changes a file changes the time of its last change, which nobody but the system can set (inode(7)); git takes a file for unchanged by the
/// same signs. What two changes within one tick of the system's clock did is not told apart, nor what was written to memory that is mapped
/// and is not yet on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds since the Unix epoch, of its content.
    modified: (i64, i64),
    /// The same, of whatever belongs to it.
    changed: (i64, i64),
}

impl Sighting {
    /// Takes one from what the system says.
    pub fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_told_from_a_copy_and_from_what_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "same").expect("written");
        let times =
            fs::FileTimes::new().set_modified(fs::metadata(&one).and_then(|found| found.modified()).expect("a time"));
        let see = |path| Sighting::of(&fs::metadata(path).expect("there"));
        let before = see(&one);
        assert_eq!(see(&one), before);

        fs::copy(&one, &other).expect("copied");
        fs::File::open(&other).and_then(|file| file.set_times(times)).expect("its time is set");
        assert_ne!(see(&other), before);

        // A change within the same tick of the clock is not seen.
        for _ in 0..100 {
            std::thread::sleep(std::time::Duration::from_millis(10));
            fs::write(&one, "else").expect("written");
            fs::File::open(&one).and_then(|file| file.set_times(times)).expect("its time is set back");
            if see(&one) != before {
                return;
            }
        }
        panic!("the change was not seen");
    }
}
