//! The bytes of a spreadsheet, and what they are.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::limits;

/// Reads a file that is not too large and no pipe or device, which have no end.
pub(crate) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Reason> {
    let metadata = fs::metadata(path).map_err(Reason::io("read it"))?;
    if !metadata.is_file() {
        return Err(Reason::NotASpreadsheet { what: "something that is no file" });
    }
    let file = File::open(path).map_err(Reason::io("read it"))?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Reason::io("read it"))?;
    if bytes.len() as u64 > limit {
        return Err(Reason::TooLarge { what: format!("it has more than {} MiB", limits::FILE >> 20) });
    }
    Ok(bytes)
}

/// The SHA-256 of some bytes, as 64 hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    runsheet_model::hex(&Sha256::digest(bytes))
}
