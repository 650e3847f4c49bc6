use std::sync::Arc;

use runsheet_task::Limits;
use russh::ChannelMsg;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::OPENING;
use crate::channel::CommandChannel;
use crate::link::Link;
use crate::settings::Deadlines;

/// The most that is kept of what a command says, in bytes.
const MOST_SAID: usize = 4 * 1024;

/// Commands that a host runs beside SFTP, which has no word for what they do at once. There is a longer way to all of it, so that a host
/// which does not run them, or runs something else instead, loses nothing but time.
pub(super) struct Shortcuts<'a> {
    pub(super) link: &'a Arc<Link>,
    pub(super) deadlines: &'a Deadlines,
    limits: &'a Limits,
    /// Whether there was room for one, the last time.
    room: bool,
}

impl<'a> Shortcuts<'a> {
    pub(super) fn new(link: &'a Arc<Link>, deadlines: &'a Deadlines, limits: &'a Limits) -> Self {
        Self { link, deadlines, limits, room: true }
    }

    /// Runs a command that says a word at its end, and tells whether it did. It gets `input`, until there is no more of that.
    pub(super) async fn run(&mut self, command: &str, word: &str, input: mpsc::Receiver<Vec<u8>>) -> bool {
        if !self.room {
            return false;
        }
        let limits = Limits { deadline: self.limits.deadline.min(Instant::now() + OPENING), ..self.limits.clone() };
        let Ok(channel) = CommandChannel::open(self.link, self.deadlines, &limits).await else {
            self.room = false;
            return false;
        };
        said(channel, command, input).await.is_some_and(|said| said.ends_with(format!("{word}\n").as_bytes()))
    }
}

/// Input that is known beforehand.
pub(super) fn once(bytes: Vec<u8>) -> mpsc::Receiver<Vec<u8>> {
    let (give, input) = mpsc::channel(1);
    // There is room for one.
    let _ = give.try_send(bytes);
    input
}

/// Runs a command and returns what it said; nothing if it did not end well.
async fn said(mut channel: CommandChannel, command: &str, mut input: mpsc::Receiver<Vec<u8>>) -> Option<Vec<u8>> {
    let writer = channel.writer();
    writer.exec(true, command).await.ok()?;
    let feeding = async {
        while let Some(bytes) = input.recv().await {
            if writer.data_bytes(bytes).await.is_err() {
                return;
            }
        }
        // It fails when the connection is down, which is seen by reading.
        let _ = writer.eof().await;
    };
    let mut feeding = std::pin::pin!(feeding);
    let (mut fed, mut said, mut status) = (false, Vec::new(), None);
    loop {
        tokio::select! {
            () = &mut feeding, if !fed => fed = true,
            message = channel.read.wait() => match message {
                Some(ChannelMsg::Data { data }) if said.len() < MOST_SAID => said.extend_from_slice(&data),
                Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(exit_status),
                Some(ChannelMsg::Failure | ChannelMsg::Close) | None => break,
                Some(_) => {}
            },
        }
    }
    (status == Some(0)).then_some(said)
}
