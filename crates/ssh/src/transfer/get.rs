use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use runsheet_task::{Download, Limits, RemoteError, Transfer};
use russh_sftp::client::RawSftpSession;
use russh_sftp::protocol::{FileAttributes, OpenFlags};
use tokio::time::Instant;

use super::failure::Failure;
use super::get_folder::fetch_folder;
use super::local_temp::LocalTemp;
use super::reader::Reader;
use super::sftp::Sftp;
use crate::link::Link;
use crate::settings::Deadlines;

/// Fetches one file, or a folder.
pub(crate) async fn get(
    link: &Arc<Link>,
    deadlines: &Deadlines,
    download: &Download,
    limits: &Limits,
) -> Result<Transfer, RemoteError> {
    let sftp = Sftp::of(link, deadlines, limits).await?;
    tokio::select! {
        biased;
        () = limits.cancel.cancelled() => Err(RemoteError::Stopped),
        () = tokio::time::sleep_until(limits.deadline) => Err(RemoteError::TimedOut { limit: limits.limit }),
        outcome = fetch(&sftp.raw, download) => outcome.map_err(|failure| failure.about(&download.source)),
    }
}

async fn fetch(raw: &RawSftpSession, download: &Download) -> Result<Transfer, Failure> {
    let source = download.source.strip_prefix("~/").unwrap_or(&download.source);
    if source.contains('\0') {
        return Err(Failure::untouched("its path has a zero byte"));
    }
    if download.folder
        && let Ok(found) = raw.stat(source).await
        && found.attrs.is_dir()
    {
        return fetch_folder(raw, source, download).await;
    }
    let open = OpenFile::open(raw, source).await?;
    let what = format!("failed to write `{}`", download.target.display());
    let local = |error| Failure::local(&what, &error);
    let mut temp = LocalTemp::beside(&download.target).await.map_err(local)?;
    let fetched = open.copy(raw, &mut temp, &what, &Allowance::new(download)).await;
    open.close(raw).await;
    let bytes = fetched?;
    temp.date(open.found.mtime);
    temp.replace(&download.target).await.map_err(local)?;
    Ok(Transfer::of_file(bytes))
}

/// Fetches one file of a folder into a new file that nobody else can see yet, and returns its size.
pub(super) async fn fetch_new(
    raw: &RawSftpSession,
    source: &str,
    target: &Path,
    left: &Allowance,
) -> Result<u64, Failure> {
    let open = OpenFile::open(raw, source).await?;
    let what = format!("failed to write `{}`", target.display());
    let local = |error| Failure::local(&what, &error);
    let executable = open.found.permissions.is_some_and(|mode| mode & 0o100 != 0);
    let mut temp = LocalTemp::create(target.to_owned(), executable).await.map_err(local)?;
    let fetched = open.copy(raw, &mut temp, &what, left).await;
    open.close(raw).await;
    let bytes = fetched?;
    temp.date(open.found.mtime);
    temp.keep().await.map_err(local)?;
    Ok(bytes)
}

/// How much may still be taken, by all files of a download together.
pub(super) struct Allowance {
    cap: u64,
    left: AtomicU64,
    moved: Arc<AtomicU64>,
}

impl Allowance {
    pub(super) fn new(download: &Download) -> Self {
        Self { cap: download.cap, left: AtomicU64::new(download.cap), moved: Arc::clone(&download.moved) }
    }

    fn take(&self, bytes: usize) -> Result<(), Failure> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes as u64));
        taken.map_err(|_| Failure::untouched(format!("it is larger than {} bytes", self.cap)))?;
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(())
    }
}

/// A file of the host that is open for reading.
struct OpenFile {
    handle: String,
    found: FileAttributes,
    /// How long the host took to tell what it is.
    round_trip: Duration,
}

impl OpenFile {
    async fn open(raw: &RawSftpSession, source: &str) -> Result<Self, Failure> {
        let opened = raw.open(source, OpenFlags::READ, FileAttributes::empty()).await;
        let handle = opened.map_err(|error| Failure::host("failed to open it", &error))?.handle;
        let asked = Instant::now();
        let found = raw.fstat(&handle).await;
        let mut open = Self { handle, found: FileAttributes::empty(), round_trip: asked.elapsed() };
        match found {
            Ok(found) => open.found = found.attrs,
            Err(error) => {
                open.close(raw).await;
                return Err(Failure::host("failed to look at it", &error));
            }
        }
        // A device or a pipe has no end.
        if open.found.permissions.is_some() && !open.found.file_type().is_file() {
            open.close(raw).await;
            return Err(Failure::untouched("it is not a file"));
        }
        Ok(open)
    }

    /// Copies it, and returns its size.
    async fn copy(
        &self,
        raw: &RawSftpSession,
        temp: &mut LocalTemp,
        what: &str,
        left: &Allowance,
    ) -> Result<u64, Failure> {
        let mut bytes = 0_u64;
        let mut reader = Reader::new(raw, &self.handle, self.found.size.unwrap_or(0), self.round_trip);
        while let Some(piece) = reader.next().await? {
            left.take(piece.len())?;
            bytes += piece.len() as u64;
            temp.write(piece).await.map_err(|error| Failure::local(what, &error))?;
        }
        Ok(bytes)
    }

    /// Lets the host forget it. That fails when the connection is down, and then nobody has to.
    async fn close(&self, raw: &RawSftpSession) {
        let _ = raw.close(self.handle.as_str()).await;
    }
}
