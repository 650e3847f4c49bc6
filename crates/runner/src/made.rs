use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use runsheet_events::MadeFile;
use runsheet_task::{Args, LocalFile};

/// The files that steps of this run have made: what each was when its step ended.
#[derive(Debug, Default)]
pub(crate) struct MadeFiles(Mutex<BTreeMap<String, MadeFile>>);

impl MadeFiles {
    /// Takes in a file whose hash is recorded.
    pub(crate) fn learn(&self, file: MadeFile) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(file.path.clone(), file);
    }

    /// Puts what was recorded in the place of files that were yet to be made; the error says which was not.
    pub(crate) fn put_into(&self, args: &Args) -> Result<Args, String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        args.with_made(|file| match known.get(&file.name) {
            Some(MadeFile { sha256, bytes, executable, .. }) => Ok(LocalFile {
                path: file.path.clone(),
                sha256: sha256.clone(),
                bytes: *bytes,
                executable: *executable,
            }),
            None => Err(format!("`{}` was not made: no hash of it is recorded by step `{}`", file.name, file.step)),
        })
    }
}
