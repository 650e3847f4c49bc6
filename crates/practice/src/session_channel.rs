use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::AtomicU64;

use russh::server::{Handle, Msg};
use russh::{Channel, ChannelId, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};

use crate::Fault;
use crate::outlet::Outlet;
use crate::wire::Cutter;

/// The number of stderr in SSH's extended data (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// A session channel whose client has asked for a program: connects the two until both have ended.
pub(crate) struct SessionChannel {
    id: ChannelId,
    read: ChannelReadHalf,
    write: ChannelWriteHalf<Msg>,
    handle: Handle,
    cutter: Cutter,
    leash: mpsc::Receiver<Signal>,
    fault: Option<Fault>,
    permit: OwnedSemaphorePermit,
}

/// What a channel is connected to.
pub(crate) struct Program<I, O, E> {
    pub(crate) stdin: I,
    pub(crate) stdout: O,
    pub(crate) stderr: Option<E>,
}

/// How a program has ended.
pub(crate) enum Ended {
    Code(u32),
    Signal {
        number: Sig,
        core_dumped: bool,
    },
    /// It has ended, and the client is not told how.
    Untold,
}

impl SessionChannel {
    pub(crate) fn new(
        channel: Channel<Msg>,
        handle: Handle,
        cutter: Cutter,
        leash: mpsc::Receiver<Signal>,
        fault: Option<Fault>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let id = channel.id();
        let (read, write) = channel.split();
        Self { id, read, write, handle, cutter, leash, fault, permit }
    }

    /// The fault that was in force when the program was asked for.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Drops the connection that the channel is part of.
    pub(crate) fn cut(self) {
        self.cutter.cut();
    }

    /// Answers in the place of a program: a line on stderr and an exit status.
    pub(crate) async fn answer(self, message: &str, code: u32) {
        let text = format!("practice: {message}\n").into_bytes();
        let sent = async {
            self.write.extended_data_bytes(STDERR, text).await?;
            self.write.exit_status(code).await?;
            self.write.eof().await?;
            self.write.close().await
        };
        if sent.await.is_err() {
            tracing::debug!("client was gone before it was answered");
        }
    }

    /// Passes data in both directions, delivers signals and reports the end, as sshd does: the exit status goes out as
    /// soon as `ended` is there, even if something in the background still holds the program's output; the channel
    /// is closed once nobody does.
    ///
    /// When the client goes away, the program loses its stdin and its output but is left alone; this returns when it
    /// has ended.
    pub(crate) async fn connect<I, O, E>(
        self,
        program: Program<I, O, E>,
        ended: impl Future<Output = Ended>,
        deliver: impl Fn(Signal),
    ) where
        I: AsyncWrite + Unpin,
        O: AsyncRead + Unpin,
        E: AsyncRead + Unpin,
    {
        let Self { id, read, write, handle, cutter, mut leash, fault, permit } = self;
        let Program { stdin, stdout, stderr } = program;

        let limit = match fault {
            Some(Fault::CutAfterExec) => Some(0),
            Some(Fault::CutAfter(bytes)) => Some(bytes),
            _ => None,
        };
        let outlet = Outlet { write: &write, left: limit.map(AtomicU64::new), handle: &handle, cutter: &cutter };
        let client_gone = Notify::new();
        let output_over = Notify::new();

        let output = async {
            let both = async {
                outlet.cut_if_used_up().await;
                tokio::join!(outlet.pass_on(Some(stdout), None), outlet.pass_on(stderr, Some(STDERR)));
                // Fails only when the client is gone, like every send below.
                write.eof().await.ok();
            };
            tokio::select! {
                () = both => {}
                () = client_gone.notified() => {}
            }
            output_over.notify_one();
        };
        let report = async {
            let ended = tokio::select! {
                ended = ended => ended,
                never = feed(read, stdin) => match never {},
            };
            // A cut must come before the status, or it would not be one.
            if limit.is_some() {
                output_over.notified().await;
            }
            match ended {
                Ended::Code(code) => write.exit_status(code).await.ok(),
                Ended::Signal { number, core_dumped } => {
                    handle.exit_signal_request(id, number, core_dumped, String::new(), String::new()).await.ok()
                }
                Ended::Untold => None,
            };
        };
        let signals = async {
            while let Some(signal) = leash.recv().await {
                deliver(signal);
            }
            client_gone.notify_one();
            pending::<Infallible>().await
        };

        tokio::select! {
            ((), ()) = async { tokio::join!(output, report) } => {}
            never = signals => match never {},
        }
        write.close().await.ok();
        drop(permit);
    }
}

/// Hands the client's data to the program. Never returns, so that it can stand beside what does.
async fn feed(mut read: ChannelReadHalf, stdin: impl AsyncWrite + Unpin) -> Infallible {
    let mut stdin = Some(stdin);
    while let Some(message) = read.wait().await {
        match message {
            ChannelMsg::Data { data } => {
                // A program may close its stdin; what comes after that is lost, as it is with sshd.
                if let Some(open) = &mut stdin
                    && open.write_all(&data).await.is_err()
                {
                    stdin = None;
                }
            }
            ChannelMsg::Eof | ChannelMsg::Close => end(stdin.take()).await,
            _ => {}
        }
    }
    end(stdin.take()).await;
    pending().await
}

async fn end(stdin: Option<impl AsyncWrite + Unpin>) {
    if let Some(mut stdin) = stdin
        && stdin.shutdown().await.is_err()
    {
        tracing::debug!("program had closed its stdin");
    }
}
