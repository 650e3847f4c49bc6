use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use runsheet_task::SignsOfLife;
use russh::ChannelStream;
use russh::client::Msg;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::proxy_command::ProxyCommand;

/// Packets are read in two parts, a length and the rest. Most of them are small, so that both come with one call.
const READ_AHEAD: usize = 8 * 1024;

/// The most that is kept of what a host says before its first line, in bytes.
const LONGEST_PREFACE: usize = 256;

/// What an SSH session runs on: it can be cut from outside, and tells how far the session has come.
///
/// Cutting it is the only sure way to end a session: one whose handshake was given up waits for ever otherwise.
pub(crate) struct Socket {
    transport: BufReader<Transport>,
    progress: Arc<Progress>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    greeted: bool,
}

/// What carries the bytes.
pub(crate) enum Transport {
    /// The network.
    Tcp(TcpStream),
    /// A channel through a jump host.
    Channel(Box<ChannelStream<Msg>>),
    /// A command of ssh_config.
    Command(Box<ProxyCommand>),
}

/// How far a session has come, as its socket sees it.
#[derive(Debug)]
pub(crate) struct Progress {
    signs: SignsOfLife,
    greeted: OnceLock<Instant>,
    /// What the host said before its first line, or the beginning of it.
    preface: Mutex<Vec<u8>>,
}

impl Progress {
    /// Tells of all that comes by `signs`, too.
    pub(crate) fn new(signs: SignsOfLife) -> Arc<Self> {
        Arc::new(Self { signs, greeted: OnceLock::new(), preface: Mutex::default() })
    }

    /// When the host's first line was there, if it is.
    pub(crate) fn banner(&self) -> Option<Instant> {
        self.greeted.get().copied()
    }

    /// What a host that never came to its first line said instead.
    pub(crate) fn preface(&self) -> String {
        let said = self.preface.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).trim().to_owned()
    }

    fn note_preface(&self, bytes: &[u8]) {
        if self.greeted.get().is_none() {
            let mut said = self.preface.lock().unwrap_or_else(PoisonError::into_inner);
            let room = LONGEST_PREFACE.saturating_sub(said.len());
            said.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

impl Socket {
    pub(crate) fn new(transport: Transport, progress: Arc<Progress>, cut: CancellationToken) -> Self {
        Self {
            transport: BufReader::with_capacity(READ_AHEAD, transport),
            progress,
            cut: Box::pin(cut.cancelled_owned()),
            greeted: false,
        }
    }

    fn poll_cut(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_cut(context)?;
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.transport).poll_read(context, buffer);
        if poll.is_ready() && buffer.filled().len() > before {
            self.progress.signs.sign();
            self.progress.note_preface(&buffer.filled()[before..]);
        }
        poll
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_cut(context)?;
        // The session writes its own first line, reads the host's, and writes again only once it has that.
        if !self.greeted && self.progress.signs.last().is_some() {
            self.greeted = true;
            // Nobody else sets it.
            let _ = self.progress.greeted.set(Instant::now());
        }
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => {
                let poll = Pin::new(&mut *stream).poll_read(context, buffer);
                if poll.is_ready() {
                    // The kernel forgets it after a while. Without it each answer that fits one packet waits 40 ms for
                    // our acknowledgement. It only makes things faster, so a failure does not matter.
                    let _ = rustix::net::sockopt::set_tcp_quickack(&*stream, true);
                }
                poll
            }
            Self::Channel(stream) => Pin::new(&mut **stream).poll_read(context, buffer),
            Self::Command(command) => Pin::new(&mut **command).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Channel(stream) => Pin::new(&mut **stream).poll_write(context, bytes),
            Self::Command(command) => Pin::new(&mut **command).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Channel(stream) => Pin::new(&mut **stream).poll_flush(context),
            Self::Command(command) => Pin::new(&mut **command).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Channel(stream) => Pin::new(&mut **stream).poll_shutdown(context),
            Self::Command(command) => Pin::new(&mut **command).poll_shutdown(context),
        }
    }
}
