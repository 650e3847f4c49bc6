use std::sync::Arc;

use runsheet_model::{LostReason, Phase, Stream, Switch, visible};
use runsheet_task::{AsUser, ExecEnd, ExecRequest, Exit, Limits, MOMENT, OVERSLEPT, Output, RemoteError};
use russh::client::Msg;
use russh::{ChannelMsg, ChannelWriteHalf, Sig};
use tokio::time::Instant;

use crate::announcement::{Announced, Announcement};
use crate::channel::{CommandChannel, before_start};
use crate::end_group::ProcessGroup;
use crate::link::Link;
use crate::pty;
use crate::settings::Deadlines;
use crate::stop::{Stop, Why};
use crate::sudo_dialog::{Answers, Next, SudoDialog, SudoPassword};
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
    sudo_password: Option<&SudoPassword>,
    output: &mut dyn Output,
) -> Result<ExecEnd, RemoteError> {
    let announcement = Announcement::new()?;
    let (command, dialog, answers) = match (&request.as_user, sudo_password) {
        (Some((AsUser { user, by: Switch::Sudo }, text)), Some(password)) => {
            let (dialog, answers) = before_start(&request.limits, SudoDialog::new(password)).await?;
            (dialog.command(user, text), Some(dialog), Some(answers))
        }
        _ => (request.command.clone(), None, None),
    };
    let mut channel = CommandChannel::open(link, deadlines, &request.limits).await?;
    let writer = channel.writer();
    if request.pty {
        before_start(&request.limits, pty::request(&mut channel, request.stdin.as_ref(), deadlines)).await?;
    }
    let before = before_start(&request.limits, link.variables().hand_over(&mut channel, deadlines)).await?;
    let command = format!("{}{before}{}", announcement.before_command(), command);
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
        announcement,
        dialog,
        told_on: if request.pty { Stream::Out } else { Stream::Err },
        group: None,
        accepted: false,
        exit: None,
        stop: None,
        wake: request.limits.deadline,
        indulged: false,
        drained_by: request.limits.deadline,
    };
    let end = running.watch(channel, request, answers, output).await;
    let mut held = running.announcement.rest();
    if let Some(dialog) = &mut running.dialog {
        let passed = dialog.take(held.into()).into_owned();
        held = [passed, dialog.rest()].concat();
        if end.is_ok() {
            dialog.ended();
        }
    }
    if !held.is_empty() {
        output.chunk(running.told_on, &held);
    }
    end
}

/// A command that was asked for.
struct Running<'a> {
    link: &'a Arc<Link>,
    limits: &'a Limits,
    deadlines: &'a Deadlines,
    writer: Arc<ChannelWriteHalf<Msg>>,
    announcement: Announcement,
    dialog: Option<SudoDialog>,
    /// Where both speak: a terminal has one stream.
    told_on: Stream,
    /// Its processes, once they were announced.
    group: Option<ProcessGroup>,
    /// Whether the host said that it started it.
    accepted: bool,
    exit: Option<Exit>,
    stop: Option<Stop>,
    /// When something has to be done if nothing comes before.
    wake: Instant,
    /// It was given a moment because this process was stopped.
    indulged: bool,
    /// After its exit: when its output is cut off at the latest.
    drained_by: Instant,
}

impl Running<'_> {
    /// Reads until the command's end was seen or cannot be seen any more. The channel is always read, and what it brings
    /// is handed on at once: one that is not read stops every other on the connection.
    async fn watch(
        &mut self,
        mut channel: CommandChannel,
        request: &ExecRequest,
        answers: Option<Answers>,
        output: &mut dyn Output,
    ) -> Result<ExecEnd, RemoteError> {
        let writer = Arc::clone(&self.writer);
        let mut stdin = std::pin::pin!(feed(&writer, request, answers));
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
                () = Stop::next(&mut self.stop) => {
                    if let Some(end) = self.stopped() {
                        return end;
                    }
                }
                () = &mut stdin, if !fed => fed = true,
                message = channel.read.wait() => match message {
                    Some(ChannelMsg::Close) => {
                        // It needs its session no more; who looks what is left may need it.
                        drop(channel);
                        return self.closed(LostReason::ClosedWithoutStatus).await;
                    }
                    Some(ChannelMsg::Failure) if !self.accepted => return Err(refused()),
                    Some(message) => self.take(message, output),
                    None => return self.gone().await,
                },
            }
        }
    }

    fn take(&mut self, message: ChannelMsg, output: &mut dyn Output) {
        match message {
            ChannelMsg::Success => self.accepted = true,
            ChannelMsg::Data { data } => self.written(Stream::Out, &data, output),
            ChannelMsg::ExtendedData { data, ext: STDERR } => self.written(Stream::Err, &data, output),
            ChannelMsg::ExtendedData { .. } => self.drain_on(),
            ChannelMsg::ExitStatus { exit_status } => self.exited(Exit::Status(exit_status)),
            ChannelMsg::ExitSignal { signal_name, .. } => self.exited(Exit::Signal(signal_text(&signal_name))),
            // The end of output is no end of the command, and standard error may follow it. What is not known is
            // passed over, as RFC 4254 wants it.
            _ => {}
        }
    }

    /// Hands on what was written, less what is said to us.
    fn written(&mut self, stream: Stream, bytes: &[u8], output: &mut dyn Output) {
        if stream == self.told_on {
            let (own, told) = self.announcement.take(bytes);
            if let Some(Announced { group, boot }) = told {
                self.group = Some(group);
                self.link.state().set_boot(boot);
                if let Some(stop) = &mut self.stop {
                    stop.announced(self.link, group);
                    self.wake = Instant::now() + stop.patience();
                }
            }
            let own = match &mut self.dialog {
                Some(dialog) => dialog.take(own),
                None => own,
            };
            if !own.is_empty() {
                output.chunk(stream, &own);
            }
        } else {
            output.chunk(stream, bytes);
        }
        self.drain_on();
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
        // While the host ends what is left of it, the answer to that is waited for.
        if self.exit.is_some() && !self.stop.as_ref().is_some_and(Stop::is_under_way) {
            self.wake = (Instant::now() + self.deadlines.drain_idle).min(self.drained_by);
        }
    }

    /// Does what is due. Returns the result if nothing more is waited for.
    fn woken(&mut self) -> Option<Result<ExecEnd, RemoteError>> {
        if self.stop.is_none() && self.exit.is_none() && self.overslept() {
            return None;
        }
        match (&mut self.stop, self.exit.take()) {
            (None, Some(exit)) => Some(Ok(ExecEnd { exit, leaked: true })),
            (None, None) => {
                self.stop(Why::Limit);
                None
            }
            // Something that it started holds its output, or it does not end.
            (Some(stop), Some(_)) => Some(Err(stop.unseen())),
            (Some(stop), None) => match stop.insist() {
                Some(grace) => {
                    self.wake = Instant::now() + grace;
                    None
                }
                None => Some(Err(stop.unseen())),
            },
        }
    }

    /// Whether the time ran out while this process was stopped (SIGSTOP, a machine that slept). Then what has come meanwhile is read first, once.
    fn overslept(&mut self) -> bool {
        let overslept = !self.indulged && self.wake.elapsed() > OVERSLEPT;
        if overslept {
            self.indulged = true;
            self.wake = Instant::now() + MOMENT;
        }
        overslept
    }

    fn stop(&mut self, why: Why) {
        let stop = Stop::begin(why, self.link, &self.writer, self.group, self.deadlines);
        self.wake = Instant::now() + stop.patience();
        self.stop = Some(stop);
    }

    /// The host has said what is left of the command's processes. Returns the result if nothing more is waited for.
    fn stopped(&mut self) -> Option<Result<ExecEnd, RemoteError>> {
        let stop = self.stop.as_mut()?;
        if stop.goes_on() {
            self.wake = Instant::now() + stop.patience();
            self.drained_by = self.drained_by.max(Instant::now() + self.deadlines.drain_total);
            self.drain_on();
            None
        } else {
            Some(Err(stop.unseen()))
        }
    }

    /// The channel is closed: nobody holds the command's output any more.
    async fn closed(&mut self, reason: LostReason) -> Result<ExecEnd, RemoteError> {
        match (self.exit.take(), self.stop.take()) {
            (Some(exit), None) => Ok(ExecEnd { exit, leaked: false }),
            (None, None) => Err(RemoteError::Lost { reason }),
            (_, Some(stop)) => Err(stop.settle(self.link, self.limits).await),
        }
    }

    /// The channel is gone with its connection.
    async fn gone(&mut self) -> Result<ExecEnd, RemoteError> {
        match (self.exit.take(), &self.stop) {
            (Some(exit), None) => Ok(ExecEnd { exit, leaked: false }),
            (None, None) => Err(RemoteError::Lost { reason: self.link.state().lost().await }),
            (_, Some(stop)) => Err(stop.unseen()),
        }
    }
}

/// Writes standard input and ends it, while output is read. A command that does not read it is not waited for.
async fn feed(writer: &ChannelWriteHalf<Msg>, request: &ExecRequest, answers: Option<Answers>) {
    let begun = match answers {
        Some(answers) => begun(writer, answers).await,
        None => true,
    };
    if let Some(stdin) = request.stdin.as_ref().filter(|_| begun) {
        for chunk in stdin.expose().chunks(STDIN_CHUNK) {
            if writer.data_bytes(chunk.to_vec()).await.is_err() {
                return;
            }
        }
    }
    if request.pty && writer.data_bytes(pty::end_of(request.stdin.as_ref())).await.is_err() {
        return;
    }
    // It fails when the connection is down, which is seen by reading.
    let _ = writer.eof().await;
}

/// Says to sudo what it asks for. Returns whether the command has begun.
async fn begun(writer: &ChannelWriteHalf<Msg>, mut answers: Answers) -> bool {
    loop {
        match answers.next().await {
            Next::Write(bytes) => {
                if writer.data_bytes(bytes).await.is_err() {
                    return false;
                }
            }
            Next::Stdin => return true,
            Next::End => return false,
        }
    }
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
