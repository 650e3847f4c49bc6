use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::glob;

/// The files that a path with `*` and `?` in any of its parts names, in order; a path without them as it is, if it is there.
///
/// Hidden files match only a part that starts with a dot, as in `glob(3)`.
pub(crate) fn files(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let mut next = Vec::new();
        for base in found {
            match part {
                Component::Normal(name) if glob::is_glob(&name.to_string_lossy()) => {
                    next.extend(children(&base, &name.to_string_lossy())?);
                }
                part => next.push(base.join(part)),
            }
        }
        found = next;
    }
    found.retain(|file| file.exists());
    found.sort();
    Ok(found)
}

fn children(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if glob::matches(pattern, &name) && (pattern.starts_with('.') || !name.starts_with('.')) {
            found.push(entry.path());
        }
    }
    Ok(found)
}
