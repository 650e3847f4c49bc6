use std::sync::Arc;

use runsheet_task::Limits;
use russh_sftp::extensions;
use russh_sftp::protocol::{FileAttributes, OpenFlags};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::OPENING;
use super::sftp::Sftp;
use crate::link::Link;
use crate::settings::Deadlines;
use crate::software::Software;

/// After how many bytes of a large file the host's disk is told to begin with them.
const TO_DISK: u64 = 32 << 20;

/// Has a host bring a large file to its disk while more of it is sent, so that little is left to wait for at its end.
///
/// A session of SFTP does one thing after the other, so this takes a second one. Nothing depends on it: at its end the file is brought
/// to the disk all the same, and an error of the disk is told there, too (fsync(2): to each who had the file open).
pub(super) struct DiskAhead {
    link: Arc<Link>,
    deadlines: Deadlines,
    limits: Limits,
    path: String,
    written: u64,
    /// Asks for what has been written so far; absent until there is enough.
    more: Option<mpsc::Sender<()>>,
    /// Who does it ends with this.
    syncing: JoinSet<()>,
}

impl DiskAhead {
    /// For a file at this path, none of which is written yet.
    pub(super) fn new(link: &Arc<Link>, deadlines: &Deadlines, limits: &Limits, path: &str) -> Self {
        let (link, deadlines, limits) = (Arc::clone(link), deadlines.clone(), limits.clone());
        Self { link, deadlines, limits, path: path.to_owned(), written: 0, more: None, syncing: JoinSet::new() }
    }

    /// Takes note of what the host has written.
    pub(super) fn wrote(&mut self, bytes: u64) {
        let before = self.written;
        self.written += bytes;
        // The sessions of others are harmed by the end of one.
        if before / TO_DISK == self.written / TO_DISK || self.link.state().software() != Software::Other {
            return;
        }
        let more = self.more.get_or_insert_with(|| {
            let (more, wanted) = mpsc::channel(1);
            let (link, deadlines, limits) = (Arc::clone(&self.link), self.deadlines.clone(), self.limits.clone());
            self.syncing.spawn(sync(link, deadlines, limits, self.path.clone(), wanted));
            more
        });
        // While the disk is still busy with what was before, this is for the next time.
        let _ = more.try_send(());
    }
}

async fn sync(link: Arc<Link>, deadlines: Deadlines, limits: Limits, path: String, mut wanted: mpsc::Receiver<()>) {
    let limits = Limits { deadline: limits.deadline.min(Instant::now() + OPENING), ..limits };
    let Ok(sftp) = Sftp::start(&link, &deadlines, &limits).await else { return };
    if !sftp.has(extensions::FSYNC, "1") {
        return;
    }
    let Ok(opened) = sftp.raw.open(&path, OpenFlags::WRITE, FileAttributes::empty()).await else { return };
    while wanted.recv().await.is_some() {
        if sftp.raw.fsync(&opened.handle).await.is_err() {
            return;
        }
    }
}
