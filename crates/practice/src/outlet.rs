use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use russh::ChannelWriteHalf;
use russh::server::{Handle, Msg};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::wire::Cutter;

/// How much output is read at once: what fits into one packet.
const CHUNK: usize = 32 * 1024;

/// How long a client may take to answer before the connection is cut anyway.
const ANSWER: Duration = Duration::from_secs(2);

/// Where a program's output goes, and the cut that waits there.
pub(crate) struct Outlet<'a> {
    pub(crate) write: &'a ChannelWriteHalf<Msg>,
    /// Bytes until the connection is cut.
    pub(crate) left: Option<AtomicU64>,
    pub(crate) handle: &'a Handle,
    pub(crate) cutter: &'a Cutter,
}

impl Outlet<'_> {
    /// Passes on output until its end, the client's end or the cut. The client's window holds it back.
    pub(crate) async fn pass_on(&self, stream: Option<impl AsyncRead + Unpin>, extended: Option<u32>) {
        let Some(mut stream) = stream else { return };
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => self.take(count),
            };
            let data = buffer[..count].to_vec();
            let sent = match extended {
                None => self.write.data_bytes(data).await,
                Some(number) => self.write.extended_data_bytes(number, data).await,
            };
            if sent.is_err() || self.cut_if_used_up().await {
                return;
            }
        }
    }

    /// How many of these bytes may still be sent.
    fn take(&self, count: usize) -> usize {
        let Some(left) = &self.left else { return count };
        let before = left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(count as u64)))
            .unwrap_or_else(|left| left);
        usize::try_from(before).map_or(count, |before| before.min(count))
    }

    /// Cuts the connection when every byte that may be sent has been sent and has arrived.
    pub(crate) async fn cut_if_used_up(&self) -> bool {
        let used_up = self.left.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0);
        if used_up {
            // Any global request would do: a client answers it after everything that was sent before.
            let answer = pin!(self.handle.cancel_forward_tcpip(String::new(), 0));
            if timeout(ANSWER, answer).await.is_err() {
                tracing::debug!("client did not answer within {ANSWER:?}; it is cut off anyway");
            }
            self.cutter.cut();
        }
        used_up
    }
}
