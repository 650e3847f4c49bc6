use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};
use runsheet_task::{Download, Limits, RemoteError, Transfer};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{Data, FileAttributes, OpenFlags};
use sha2::{Digest, Sha256};

use super::failure::{Failure, is_end};
use super::local_temp::LocalTemp;
use super::sftp::Sftp;
use super::{CHUNK, IN_FLIGHT, hex};
use crate::link::Link;
use crate::settings::Deadlines;

/// Fetches one file.
pub(crate) async fn get(
    link: &Arc<Link>,
    deadlines: &Deadlines,
    download: &Download,
    limits: &Limits,
) -> Result<Transfer, RemoteError> {
    let sftp = Sftp::start(link, deadlines, limits).await?;
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
    let opened = raw.open(source, OpenFlags::READ, FileAttributes::empty()).await;
    let handle = opened.map_err(|error| Failure::host("failed to open it", &error))?.handle;
    let found = raw.fstat(&handle).await.map_err(|error| Failure::host("failed to look at it", &error))?;
    // A device or a pipe has no end.
    if found.attrs.permissions.is_some() && !found.attrs.file_type().is_file() {
        return Err(Failure::untouched("it is not a file"));
    }

    let what = format!("failed to write `{}`", download.target.display());
    let local = |error| Failure::local(&what, &error);
    let mut temp = LocalTemp::beside(&download.target).await.map_err(local)?;
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    let mut reader = Reader::new(raw, &handle, found.attrs.size.unwrap_or(0));
    while let Some(piece) = reader.next().await? {
        bytes += piece.len() as u64;
        if bytes > download.cap {
            return Err(Failure::untouched(format!("it is larger than {} bytes", download.cap)));
        }
        hash.update(&piece);
        temp.write(&piece).await.map_err(local)?;
    }
    temp.replace(&download.target).await.map_err(local)?;
    Ok(Transfer { bytes, sha256: hex(&hash.finalize()) })
}

/// Reads a file from its start to its end, several pieces at once.
struct Reader<'a> {
    raw: &'a RawSftpSession,
    handle: &'a str,
    /// How large the host says the file is. Only how much is asked for at once depends on it.
    claimed: u64,
    under_way: FuturesOrdered<BoxFuture<'a, Result<Data, SftpError>>>,
    /// Where the next piece starts that is handed out.
    at: u64,
    /// Where the next piece starts that is asked for.
    asked: u64,
}

impl<'a> Reader<'a> {
    fn new(raw: &'a RawSftpSession, handle: &'a str, claimed: u64) -> Self {
        Self { raw, handle, claimed, under_way: FuturesOrdered::new(), at: 0, asked: 0 }
    }

    /// Returns the next piece, or `None` at the end of the file.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        while self.under_way.is_empty() || (self.under_way.len() < IN_FLIGHT && self.asked < self.claimed) {
            let reading = self.raw.read(self.handle, self.asked, CHUNK);
            self.under_way.push_back(reading.boxed());
            self.asked += u64::from(CHUNK);
        }
        match self.under_way.next().await {
            Some(Ok(piece)) if piece.data.is_empty() || piece.data.len() > CHUNK as usize => {
                Err(Failure::untouched("the host sent another amount than it was asked for"))
            }
            Some(Ok(piece)) => {
                self.at += piece.data.len() as u64;
                if piece.data.len() < CHUNK as usize {
                    // What was asked for starts too far on.
                    self.under_way = FuturesOrdered::new();
                    self.asked = self.at;
                }
                Ok(Some(piece.data))
            }
            Some(Err(error)) if is_end(&error) => Ok(None),
            Some(Err(error)) => Err(Failure::host("failed to read it", &error)),
            None => Ok(None),
        }
    }
}
