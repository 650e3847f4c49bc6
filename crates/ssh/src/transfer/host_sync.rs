use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::shortcut::{Shortcuts, once};

/// Brings the file systems of the files on its standard input to their disks (GNU coreutils 8.24, busybox).
const COMMAND: &str = "xargs -0 sync -f && echo runsheet-synced";
const WORD: &str = "runsheet-synced";

/// Has a host bring many files to its disk at once, for which SFTP has no word.
#[derive(Default)]
pub(super) struct HostSync {
    /// That it did not work is not tried out once more.
    fails: bool,
}

impl HostSync {
    /// Brings the file systems of these files to their disks, and tells whether that was done. That the host finds the files shows
    /// that its commands and its SFTP see the same folders.
    pub(super) async fn sync(&mut self, shortcuts: &mut Shortcuts<'_>, files: &[&Path]) -> bool {
        if !self.fails {
            let limit = shortcuts.deadlines.sftp;
            let mut list = Vec::new();
            for file in files {
                // A name that begins with `-` would be an option.
                list.extend_from_slice(if file.is_absolute() { b"" } else { b"./" });
                list.extend_from_slice(file.as_os_str().as_bytes());
                list.push(0);
            }
            let syncing = shortcuts.run(COMMAND, WORD, once(list));
            let synced = tokio::time::timeout(limit, syncing).await;
            self.fails = !matches!(synced, Ok(true));
        }
        !self.fails
    }
}
