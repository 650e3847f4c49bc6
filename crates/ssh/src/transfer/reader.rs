use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::Data;

use super::failure::{Failure, is_end};
use super::{CHUNK, IN_FLIGHT};

/// Reads a file from its start to its end, several pieces at once.
pub(super) struct Reader<'a> {
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
    pub(super) fn new(raw: &'a RawSftpSession, handle: &'a str, claimed: u64) -> Self {
        Self { raw, handle, claimed, under_way: FuturesOrdered::new(), at: 0, asked: 0 }
    }

    /// Returns the next piece, or `None` at the end of the file.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
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
