use std::sync::Arc;
use std::time::Duration;

use russh::client::Msg;
use russh::{Channel, ChannelMsg};

use crate::link::Link;
use crate::transfer::unguessable_name;

/// What a host does to end processes; POSIX shell, and Linux's `/proc`.
const SCRIPT: &str = include_str!("end_group.sh");

/// How much longer than the pauses a host may take to look at its processes, at most.
const LOOKING: Duration = Duration::from_secs(15);

/// How often it is tried to open a session, and the pause between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// The most that is read of what the host says, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The processes of one command on its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessGroup {
    /// The login shell that the command was given to. sshd lets it lead a session of its own.
    pub(crate) leader: u32,
    /// When that process started, in the kernel's ticks since boot; 0 where that is not known. It tells the process from a later
    /// one of the same number.
    pub(crate) born: u64,
}

/// What became of the processes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// None is left.
    Nothing,
    /// Some live on.
    Something,
    /// It could not be seen: no second channel, no `/proc`, or processes of others are hidden.
    Unknown,
}

/// Ends the processes of a command by a command beside it, and looks what is left.
///
/// The protocol's own way (RFC 4254 §6.9) tells nothing of what is left, reaches nobody who became another user, and sshd
/// ignores it for those who log in as root. Where only root may signal a process, `sudo -n` and `doas -n` are tried.
pub(crate) async fn end(link: &Arc<Link>, group: ProcessGroup, term: Duration, kill: Duration) -> Left {
    let doing = async {
        let word = unguessable_name().ok()?;
        let tenths = |pause: Duration| pause.as_millis().div_ceil(100);
        let command = format!(
            "sh -c 'text=$(cat); eval \"$text\"' sh {word} {} {} {} {}",
            group.leader,
            group.born,
            tenths(term),
            tenths(kill)
        );
        // Nobody's place is taken: all others may be in use by what is to be ended.
        let mut channel = open(link).await?;
        let answer = ask(&mut channel, &command, &word).await;
        // A channel that is only dropped stays open; it fails when the connection is down.
        let _ = channel.close().await;
        answer
    };
    let limit = term + kill + LOOKING;
    tokio::time::timeout(limit, doing).await.ok().flatten().unwrap_or(Left::Unknown)
}

/// Looks what is left of the processes of a command, and signals nobody.
pub(crate) async fn look(link: &Arc<Link>, group: ProcessGroup) -> Left {
    end(link, group, Duration::ZERO, Duration::ZERO).await
}

/// Opens a session. sshd counts one for a moment after its end, so it is tried more than once where few are allowed.
async fn open(link: &Arc<Link>) -> Option<Channel<Msg>> {
    for _ in 0..TRIES {
        match link.open_session().await {
            Err(russh::Error::ChannelOpenFailure(_)) => tokio::time::sleep(PAUSE).await,
            opened => return opened.ok(),
        }
    }
    None
}

async fn ask(channel: &mut Channel<Msg>, command: &str, word: &str) -> Option<Left> {
    channel.exec(false, command).await.ok()?;
    channel.data_bytes(SCRIPT).await.ok()?;
    channel.eof().await.ok()?;
    let mut said = Vec::new();
    loop {
        match channel.wait().await? {
            ChannelMsg::Data { data } if said.len() < LONGEST_ANSWER => said.extend_from_slice(&data),
            ChannelMsg::Close => break,
            _ => {}
        }
    }
    let said = String::from_utf8_lossy(&said);
    let answer = said.lines().find_map(|line| line.strip_prefix(word))?;
    match answer.trim() {
        "ended" => Some(Left::Nothing),
        "alive" => Some(Left::Something),
        _ => None,
    }
}
