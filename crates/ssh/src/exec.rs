use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{LostReason, Phase, Stream, visible};
use runsheet_task::{ExecEnd, ExecRequest, Exit, Limits, Output, RemoteError};
use russh::client::Msg;
use russh::{ChannelMsg, ChannelWriteHalf, Sig};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::channel::{CommandChannel, before_start};
use crate::kill::kill_beside;
use crate::link::Link;
use crate::settings::Deadlines;
use crate::unreachable::for_good;

/// Standard error among the kinds of extended data (RFC 4254 §5.2).
const STDERR: u32 = 1;

/// The longest name of a signal that is taken from a host, in characters.
const LONGEST_SIGNAL: usize = 32;

/// How much of standard input is handed on at once, in bytes: a packet.
const STDIN_CHUNK: usize = 32 * 1024;

/// Runs one command on a channel of its own.
pub(crate) async fn exec(
    link: &Arc<Link>,
    deadlines: &Deadlines,
    request: &ExecRequest,
    output: &mut dyn Output,
) -> Result<ExecEnd, RemoteError> {
    let mut channel = CommandChannel::open(link, deadlines, &request.limits).await?;
    let writer = channel.writer();
    let before = before_start(&request.limits, link.variables().hand_over(&mut channel, deadlines)).await?;
    let command = format!("{before}{}", request.command);
    // The point of no return: once this is handed over, only an exit status tells whether the command ran.
    before_start(&request.limits, async {
        match writer.exec(true, command.as_bytes()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(RemoteError::Disconnected),
        }
    })
    .await?;
    let mut running = Running {
        link,
        limits: &request.limits,
        deadlines,
        writer: Arc::clone(&writer),
        place: channel.place(),
        accepted: false,
        exit: None,
        stop: None,
        wake: request.limits.deadline,
        drained_by: request.limits.deadline,
    };
    running.watch(channel, request, output).await
}

/// A command that was asked for.
struct Running<'a> {
    link: &'a Arc<Link>,
    limits: &'a Limits,
    deadlines: &'a Deadlines,
    writer: Arc<ChannelWriteHalf<Msg>>,
    place: Arc<OwnedSemaphorePermit>,
    /// Whether the host said that it started it.
    accepted: bool,
    exit: Option<Exit>,
    stop: Option<Stop>,
    /// When something has to be done if nothing comes before.
    wake: Instant,
    /// After its exit: when its output is cut off at the latest.
    drained_by: Instant,
}

/// A command that is being stopped.
struct Stop {
    why: Why,
    /// Whether `KILL` was sent already.
    killed: bool,
}

#[derive(Clone, Copy)]
enum Why {
    Limit,
    Demand,
}

impl Running<'_> {
    /// Reads until the command's end was seen or cannot be seen any more. The channel is always read, and what it brings
    /// is handed on at once: one that is not read stops every other on the connection.
    async fn watch(
        &mut self,
        mut channel: CommandChannel,
        request: &ExecRequest,
        output: &mut dyn Output,
    ) -> Result<ExecEnd, RemoteError> {
        let writer = Arc::clone(&self.writer);
        let mut stdin = std::pin::pin!(feed(&writer, request));
        let mut fed = false;
        loop {
            // Output comes last: a command that never stops talking must not talk past its limit.
            tokio::select! {
                biased;
                () = self.limits.cancel.cancelled(), if self.stop.is_none() && self.exit.is_none() => self.stop(Why::Demand),
                () = tokio::time::sleep_until(self.wake) => {
                    if let Some(end) = self.woken() {
                        return end;
                    }
                }
                () = &mut stdin, if !fed => fed = true,
                message = channel.read.wait() => match message {
                    Some(ChannelMsg::Close) => return self.closed(LostReason::ClosedWithoutStatus),
                    Some(ChannelMsg::Failure) if !self.accepted => return Err(refused()),
                    Some(message) => self.take(message, output),
                    None => return self.closed(self.link.state().lost().await),
                },
            }
        }
    }

    fn take(&mut self, message: ChannelMsg, output: &mut dyn Output) {
        match message {
            ChannelMsg::Success => self.accepted = true,
            ChannelMsg::Data { data } => {
                output.chunk(Stream::Out, &data);
                self.drain_on();
            }
            ChannelMsg::ExtendedData { data, ext } => {
                if ext == STDERR {
                    output.chunk(Stream::Err, &data);
                }
                self.drain_on();
            }
            ChannelMsg::ExitStatus { exit_status } => self.exited(Exit::Status(exit_status)),
            ChannelMsg::ExitSignal { signal_name, .. } => self.exited(Exit::Signal(signal_text(&signal_name))),
            // The end of output is no end of the command, and standard error may follow it. What is not known is
            // passed over, as RFC 4254 wants it.
            _ => {}
        }
    }

    /// The command has ended. What it wrote is on its way; what it left behind may hold the channel for ever.
    fn exited(&mut self, exit: Exit) {
        if self.exit.is_some() {
            return;
        }
        self.exit = Some(exit);
        self.drained_by = Instant::now() + self.deadlines.drain_total;
        self.drain_on();
    }

    fn drain_on(&mut self) {
        if self.exit.is_some() {
            self.wake = (Instant::now() + self.deadlines.drain_idle).min(self.drained_by);
        }
    }

    /// Does what is due. Returns the result if nothing more is waited for.
    fn woken(&mut self) -> Option<Result<ExecEnd, RemoteError>> {
        if let Some(exit) = self.exit.take() {
            return Some(match &self.stop {
                // Something that it started lives on and holds its output.
                Some(stop) => Err(stop.unseen()),
                None => Ok(ExecEnd { exit, leaked: true }),
            });
        }
        match &mut self.stop {
            None => self.stop(Why::Limit),
            Some(stop) if !stop.killed => {
                stop.killed = true;
                self.signal(Sig::KILL, self.deadlines.kill_grace);
            }
            Some(stop) => return Some(Err(stop.unseen())),
        }
        None
    }

    fn stop(&mut self, why: Why) {
        self.stop = Some(Stop { why, killed: false });
        self.signal(Sig::TERM, self.deadlines.term_grace);
    }

    fn signal(&mut self, signal: Sig, grace: Duration) {
        self.wake = Instant::now() + grace;
        let writer = Arc::clone(&self.writer);
        let link = Arc::clone(self.link);
        // Until the signal is sent no other command may take its place: it would be the one that is hit.
        let place = Arc::clone(&self.place);
        // Not here: whoever waits for the session to take a message cannot read, and the session may wait for that.
        tokio::spawn(async move {
            let done = link.is_root() && kill_beside(&link, &signal_text(&signal)).await;
            drop(place);
            if done {
                return;
            }
            // It fails when the connection is down, which is seen by reading.
            let _ = writer.signal(signal).await;
        });
    }

    /// The channel is closed, or gone with its connection.
    fn closed(&mut self, reason: LostReason) -> Result<ExecEnd, RemoteError> {
        match (self.exit.take(), &self.stop) {
            (Some(exit), None) => Ok(ExecEnd { exit, leaked: false }),
            (Some(_), Some(stop)) => Err(stop.seen(self.limits)),
            (None, None) => Err(RemoteError::Lost { reason }),
            (None, Some(stop)) => Err(stop.unseen()),
        }
    }
}

impl Stop {
    fn seen(&self, limits: &Limits) -> RemoteError {
        match self.why {
            Why::Limit => RemoteError::TimedOut { limit: limits.limit },
            Why::Demand => RemoteError::Stopped,
        }
    }

    fn unseen(&self) -> RemoteError {
        let reason = match self.why {
            Why::Limit => LostReason::TimedOut,
            Why::Demand => LostReason::Stopped,
        };
        RemoteError::Lost { reason }
    }
}

/// Writes standard input and ends it, while output is read. A command that does not read it is not waited for.
async fn feed(writer: &ChannelWriteHalf<Msg>, request: &ExecRequest) {
    if let Some(stdin) = &request.stdin {
        for chunk in stdin.expose().chunks(STDIN_CHUNK) {
            if writer.data_bytes(chunk.to_vec()).await.is_err() {
                return;
            }
        }
    }
    // It fails when the connection is down, which is seen by reading.
    let _ = writer.eof().await;
}

fn refused() -> RemoteError {
    RemoteError::NotStarted(for_good(Phase::Channel, "the host refused to run the command"))
}

/// The name of a signal without `SIG`. Those that SSH has no name for come as `SIG…@openssh.com`.
fn signal_text(signal: &Sig) -> String {
    let name = match signal {
        Sig::Custom(name) => name.as_str(),
        known => return format!("{known:?}"),
    };
    let name = name.split('@').next().unwrap_or_default();
    let name = name.strip_prefix("SIG").unwrap_or(name);
    let short: String = name.chars().take(LONGEST_SIGNAL).collect();
    visible(short.as_bytes()).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_named_without_its_prefix_and_made_safe() {
        assert_eq!(signal_text(&Sig::KILL), "KILL");
        assert_eq!(signal_text(&Sig::Custom("SIGRTMIN@openssh.com".to_owned())), "RTMIN");
        assert_eq!(signal_text(&Sig::Custom("\x1b[2J".to_owned())), "\\x1b[2J");
        assert_eq!(signal_text(&Sig::Custom("X".repeat(9_999))).len(), LONGEST_SIGNAL);
    }
}
