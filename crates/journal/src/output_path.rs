use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use runsheet_events::OutputKey;
use sha2::{Digest, Sha256};

use crate::JournalError;
use crate::chain::hex;

pub(crate) const OUTPUT: &str = "output";

/// A longer name of a host, in bytes, is shortened: a file name has at most 255.
const LONGEST: usize = 200;

/// Where the output of a step on a host is kept: `output/STEP/HOST.ndjson` in the folder of the run.
///
/// Neither name holds a `/`, and with the ending no name is `.` or `..`. A shortened name is longer than any that is not, so
/// that no two hosts share a file.
pub(crate) fn output_path(run: &Path, key: &OutputKey) -> PathBuf {
    let host = key.host.as_str();
    let file = if host.len() <= LONGEST {
        format!("{host}.ndjson")
    } else {
        let mut hash = hex(&Sha256::digest(host));
        hash.truncate(32);
        format!("{}~{hash}.ndjson", &host[..host.floor_char_boundary(LONGEST - 20)])
    };
    run.join(OUTPUT).join(key.step.as_str()).join(file)
}

/// How many bytes the files in a folder and the folders in it have; 0 if it is missing.
pub(crate) fn folder_bytes(folder: &Path) -> Result<u64, JournalError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(JournalError::io("read", folder)(error)),
    };
    let mut sum = 0;
    for entry in entries {
        let entry = entry.map_err(JournalError::io("read", folder))?;
        // Of the entry itself: a symbolic link is not followed.
        match entry.metadata() {
            Ok(found) if found.is_dir() => sum += folder_bytes(&entry.path())?,
            Ok(found) => sum += found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(JournalError::io("look at", &entry.path())(error)),
        }
    }
    Ok(sum)
}
