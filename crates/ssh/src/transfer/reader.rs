use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::Data;
use tokio::time::Instant;

use super::CHUNK;
use super::failure::{Failure, is_end};
use super::in_flight::InFlight;

/// Reads a file from its start to its end, several pieces at once.
pub(super) struct Reader<'a> {
    raw: &'a RawSftpSession,
    handle: &'a str,
    /// How large the host says the file is. Only how much is asked for at once depends on it.
    claimed: u64,
    in_flight: InFlight,
    under_way: FuturesOrdered<BoxFuture<'a, Piece>>,
    /// Where the next piece starts that is handed out.
    at: u64,
    /// Where the next piece starts that is asked for.
    asked: u64,
}

/// An answer, and when it was asked for.
type Piece = (Result<Data, SftpError>, Instant);

impl<'a> Reader<'a> {
    /// Starts at the beginning. An answer that nothing else delayed took `round_trip`.
    pub(super) fn new(raw: &'a RawSftpSession, handle: &'a str, claimed: u64, round_trip: Duration) -> Self {
        let in_flight = InFlight::new(round_trip);
        Self { raw, handle, claimed, in_flight, under_way: FuturesOrdered::new(), at: 0, asked: 0 }
    }

    /// Returns the next piece, or `None` at the end of the file.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        while self.under_way.is_empty() || (self.under_way.len() < self.in_flight.most() && self.asked < self.claimed) {
            let (raw, handle, offset) = (self.raw, self.handle, self.asked);
            let reading = async move {
                let asked = Instant::now();
                (raw.read(handle, offset, CHUNK).await, asked)
            };
            self.under_way.push_back(reading.boxed());
            self.asked += u64::from(CHUNK);
        }
        let Some((answer, asked)) = self.under_way.next().await else { return Ok(None) };
        match answer {
            Ok(piece) if piece.data.is_empty() || piece.data.len() > CHUNK as usize => {
                Err(Failure::untouched("the host sent another amount than it was asked for"))
            }
            Ok(piece) => {
                let bytes = piece.data.len() as u64;
                self.in_flight.answered(asked, bytes);
                self.at += bytes;
                if piece.data.len() < CHUNK as usize {
                    // What was asked for starts too far on.
                    self.under_way = FuturesOrdered::new();
                    self.asked = self.at;
                }
                Ok(Some(piece.data))
            }
            Err(error) if is_end(&error) => Ok(None),
            Err(error) => Err(Failure::host("failed to read it", &error)),
        }
    }
}
