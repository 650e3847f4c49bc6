use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use runsheet_task::{LocalFile, LocalFiles};
use sha2::{Digest, Sha256};

/// Files of the project, hashed while planning; each once, however many hosts get it.
pub(crate) struct ProjectFiles {
    root: PathBuf,
    known: Mutex<HashMap<String, LocalFile>>,
}

impl ProjectFiles {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, known: Mutex::default() }
    }
}

impl LocalFiles for ProjectFiles {
    fn look_up(&self, path: &str) -> io::Result<LocalFile> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = known.get(path) {
            return Ok(file.clone());
        }
        let full = self.root.join(path);
        let mut reader = File::open(&full)?;
        if !reader.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        let mut hash = Sha256::new();
        let mut bytes = 0;
        let mut block = vec![0; 256 * 1024];
        loop {
            let count = reader.read(&mut block)?;
            if count == 0 {
                break;
            }
            hash.update(&block[..count]);
            bytes += count as u64;
        }
        let sha256 = runsheet_model::hex(&hash.finalize());
        let file = LocalFile { path: full, sha256, bytes };
        known.insert(path.to_owned(), file.clone());
        Ok(file)
    }
}
