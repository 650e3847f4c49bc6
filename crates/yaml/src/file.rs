use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde::de::DeserializeOwned;

use crate::parse::utf8;
use crate::{Mark, YamlError, parse};

/// The largest file that is read, in bytes: 100,000 hosts with variables need about 7 MiB.
const LARGEST: u64 = 16 * 1024 * 1024;

const STICKY: u32 = 0o1000;

/// What a file holds, and what was odd about the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<T> {
    /// What it holds.
    pub value: T,
    /// What its user should know, one sentence each: that the file belongs to somebody else.
    pub warnings: Vec<String>,
}

/// Reads a file; what [`load_with_warnings`] would warn of is not told.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<T, YamlError> {
    load_with_warnings(path).map(|loaded| loaded.value)
}

/// Reads a file under the rules of [`read_text`].
pub fn load_with_warnings<T: DeserializeOwned>(path: &Path) -> Result<Loaded<T>, YamlError> {
    let Loaded { value: text, warnings } = read_text(path)?;
    Ok(Loaded { value: parse(&text, path)?, warnings })
}

/// Reads a file as text, if nobody else can have changed it.
///
/// What stands in it decides which commands run where, so these are refused: a file that everybody may write; one that its
/// group may write, unless that is its owner's private group (the group has the same number as the owner, as `useradd`
/// makes it); a file in a folder of which the same is true and that has no sticky bit; anything that is no regular file;
/// more than 16 MiB; bytes that are not UTF-8. A file that belongs to neither us nor root is read with a warning.
pub fn read_text(path: &Path) -> Result<Loaded<String>, YamlError> {
    let Loaded { value, warnings } = read_bytes(path)?;
    Ok(Loaded { value: utf8(&value, path)?.to_owned(), warnings })
}

/// Reads a file under the rules of [`read_text`], whatever its bytes mean.
pub fn read_bytes(path: &Path) -> Result<Loaded<Vec<u8>>, YamlError> {
    let fail = |source| YamlError::io(path, "failed to read it", source);
    // Without NONBLOCK, opening a named pipe would wait for somebody to write to it.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    let refuse = |message: String| YamlError::at(path, Mark::default(), message);
    let too_large = || refuse(format!("larger than {} MiB", LARGEST / (1024 * 1024)));
    if !metadata.is_file() {
        return Err(refuse("not a regular file".to_owned()));
    }
    if let Some(who) = also_written_by(&metadata) {
        return Err(refuse(format!("{who} may change it")).with_hint(forbid_hint(who, path)));
    }
    for folder in folders(path) {
        let metadata = folder.metadata().map_err(|source| YamlError::io(&folder, "failed to look at it", source))?;
        if metadata.mode() & STICKY == 0
            && let Some(who) = also_written_by(&metadata)
        {
            let message = format!("{who} may put another file in its place, because `{}` is open", folder.display());
            return Err(refuse(message).with_hint(forbid_hint(who, &folder)));
        }
    }
    if metadata.len() > LARGEST {
        return Err(too_large());
    }
    let bytes = read_capped(&file, metadata.len()).map_err(fail)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    Ok(Loaded { value: bytes, warnings: foreign_owner(path, &metadata).into_iter().collect() })
}

fn read_capped(file: &File, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(LARGEST) + 1).unwrap_or_default());
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Who, besides its owner, may write here.
fn also_written_by(metadata: &Metadata) -> Option<&'static str> {
    if metadata.mode() & 0o002 != 0 {
        return Some("everybody");
    }
    (metadata.mode() & 0o020 != 0 && metadata.gid() != metadata.uid()).then_some("its group")
}

fn forbid_hint(who: &str, path: &Path) -> String {
    let letter = if who == "everybody" { "o" } else { "g" };
    format!("forbid it with `chmod {letter}-w {}`", path.display())
}

/// The folder that holds the file, and, behind a symbolic link, the one that holds what it points at.
fn folders(path: &Path) -> Vec<PathBuf> {
    let parent = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("/"),
    };
    let mut folders = vec![parent(path)];
    if path.is_symlink()
        && let Ok(target) = path.canonicalize()
    {
        folders.push(parent(&target));
    }
    folders
}

fn foreign_owner(path: &Path, metadata: &Metadata) -> Option<String> {
    let owner = metadata.uid();
    (owner != 0 && owner != geteuid().as_raw())
        .then(|| format!("`{}` belongs to user {owner}, who may change what runs", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown};

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tempfile::TempDir;

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
    }

    struct Case {
        folder: TempDir,
        path: PathBuf,
    }

    impl Case {
        fn new() -> Self {
            let folder = TempDir::new().expect("a folder");
            let path = folder.path().join("x.yaml");
            fs::write(&path, "a: 1\n").expect("a file");
            let case = Self { folder, path };
            chmod(&case.path, 0o644);
            case
        }

        /// What is said about the file, without its path.
        fn said(&self) -> String {
            match read_text(&self.path) {
                Ok(loaded) => loaded.warnings.join("; "),
                Err(error) => format!("{error} -> {}", error.hint().unwrap_or_default()),
            }
            .replace(&*self.folder.path().to_string_lossy(), "DIR")
        }
    }

    #[test]
    fn a_file_that_others_may_change_is_refused() {
        let case = Case::new();
        assert_eq!(case.said(), "");
        chmod(&case.path, 0o666);
        assert_eq!(case.said(), "DIR/x.yaml: everybody may change it -> forbid it with `chmod o-w DIR/x.yaml`");
        chmod(&case.path, 0o664);
        assert_eq!(case.said(), "", "the group with its owner's number is private");
    }

    #[test]
    fn a_group_that_is_not_private_and_a_foreign_owner_are_seen() {
        let case = Case::new();
        if chown(&case.path, Some(12_345), Some(54_321)).is_err() {
            return; // Only root can give a file away.
        }
        assert_eq!(case.said(), "`DIR/x.yaml` belongs to user 12345, who may change what runs");
        chmod(&case.path, 0o664);
        assert_eq!(case.said(), "DIR/x.yaml: its group may change it -> forbid it with `chmod g-w DIR/x.yaml`");
    }

    #[test]
    fn a_file_that_others_may_replace_is_refused() {
        let case = Case::new();
        chmod(case.folder.path(), 0o777);
        let refused = "DIR/x.yaml: everybody may put another file in its place, because `DIR` is open -> forbid it with \
                       `chmod o-w DIR`";
        assert_eq!(case.said(), refused);
        let link = Case::new();
        fs::remove_file(&link.path).expect("gone");
        std::os::unix::fs::symlink(&case.path, &link.path).expect("a link");
        assert!(link.said().contains("everybody may put another file in its place"), "{}", link.said());
        chmod(case.folder.path(), 0o1777);
        assert_eq!(case.said(), "", "the sticky bit keeps others off");
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let case = Case::new();
        fs::remove_file(&case.path).expect("gone");
        mknodat(CWD, &case.path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        assert_eq!(case.said(), "DIR/x.yaml: not a regular file -> ");
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_unread() {
        let case = Case::new();
        File::create(&case.path).and_then(|file| file.set_len(LARGEST + 1)).expect("a large file");
        assert_eq!(case.said(), "DIR/x.yaml: larger than 16 MiB -> ");
    }

    #[test]
    fn a_missing_file_is_told_with_its_cause() {
        let error = load::<serde_json::Value>(Path::new("/nowhere/x.yaml")).expect_err("missing");
        assert_eq!(error.to_string(), "/nowhere/x.yaml: failed to read it");
        assert!(std::error::Error::source(&error).is_some());
    }
}
