//! How a file is replaced: whole or not at all, and only if it is still what was read.

use std::fs::{self, File, Metadata};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use crate::error::Reason;
use crate::limits;
use crate::source::{read_file, sha256};

/// How much of a lock file is read, in bytes.
const LOCK_FILE: u64 = 4_096;
/// The longest name that is repeated, in letters.
const LONGEST_NAME: usize = 60;

/// A file that is about to be replaced.
pub(crate) struct Replacement {
    /// The file itself, behind all links.
    path: PathBuf,
    bytes: Vec<u8>,
    seen: Metadata,
}

impl Replacement {
    /// Reads a file that nobody has open in an office program.
    pub(crate) fn begin(path: &Path) -> Result<Self, Reason> {
        // A link stays a link.
        let path = fs::canonicalize(path).map_err(Reason::io("find it"))?;
        nobody_has_it_open(&path)?;
        let seen = fs::metadata(&path).map_err(Reason::io("read it"))?;
        let bytes = read_file(&path, limits::FILE)?;
        Ok(Self { path, bytes, seen })
    }

    /// What it holds now.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The fingerprint of what it holds now.
    pub(crate) fn fingerprint(&self) -> String {
        sha256(&self.bytes)
    }

    /// Puts other bytes in its place, which are on the disk before it is gone. Mode, and owner where that is allowed, stay.
    pub(crate) fn finish(self, bytes: &[u8]) -> Result<(), Reason> {
        if bytes == self.bytes {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let failed = Reason::io;
        let mut file =
            tempfile::Builder::new().prefix(".runsheet-").tempfile_in(folder).map_err(failed("write beside it"))?;
        file.write_all(bytes).map_err(failed("write beside it"))?;
        // Only root may give it to another owner; for others it is theirs from now on, as with every program that saves so.
        if fchown(file.as_file(), Some(self.seen.uid()), Some(self.seen.gid())).is_err() {
            _ = fchown(file.as_file(), None, Some(self.seen.gid()));
        }
        file.as_file().set_permissions(self.seen.permissions()).map_err(failed("keep its mode"))?;
        file.as_file().sync_all().map_err(failed("write beside it"))?;
        nobody_has_it_open(&self.path)?;
        if stamp(&fs::metadata(&self.path).map_err(failed("look at it"))?) != stamp(&self.seen) {
            return Err(Reason::Changed);
        }
        file.persist(&self.path).map_err(|error| Reason::Io { doing: "replace it", source: error.error })?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync its folder"))
    }
}

/// What changes whenever a file is changed or replaced.
fn stamp(metadata: &Metadata) -> (u64, u64, u64, i64, i64) {
    (metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

/// Looks for the files that office programs lay beside one that is open: `.~lock.NAME#` of LibreOffice, `~$NAME` of Excel.
fn nobody_has_it_open(path: &Path) -> Result<(), Reason> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let said = |lock: &Path| {
        let bytes = read_file(lock, LOCK_FILE).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let libreoffice = path.with_file_name(format!(".~lock.{name}#"));
    if fs::symlink_metadata(&libreoffice).is_ok() {
        // Full name, login, machine, date, profile.
        let text = said(&libreoffice);
        let fields: Vec<&str> = text.trim_end_matches(';').split(',').collect();
        let field =
            |at: usize| fields.get(at).map(|text| runsheet_model::shortened(text, LONGEST_NAME)).unwrap_or_default();
        let who =
            [field(0), field(1)].into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned());
        let mut who = format!("{who} has it open in LibreOffice");
        for (word, text) in [("on", field(2)), ("since", field(3))] {
            if !text.is_empty() {
                who.push_str(&format!(" {word} {text}"));
            }
        }
        return Err(Reason::Open { who, lock: libreoffice });
    }
    let excel = path.with_file_name(format!("~${name}"));
    if fs::symlink_metadata(&excel).is_ok() {
        // The length of the name and the name, padded.
        let text = said(&excel);
        let name: String = text.chars().skip(1).take(54).filter(|c| !c.is_control()).collect();
        let name = runsheet_model::shortened(&name, LONGEST_NAME);
        let who = if name.is_empty() { "somebody".to_owned() } else { name };
        return Err(Reason::Open { who: format!("{who} has it open in Excel"), lock: excel });
    }
    Ok(())
}
