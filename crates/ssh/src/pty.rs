use runsheet_model::{Phase, Secret};
use runsheet_task::RemoteError;
use russh::{ChannelMsg, Pty};

use crate::channel::CommandChannel;
use crate::settings::Deadlines;
use crate::unreachable::{for_good, for_now, with_hint};

/// What ends the input of a terminal where a line begins.
const END_OF_INPUT: u8 = 4;

/// A special character that there is none for (RFC 4254 §8).
const NONE: u32 = 255;

/// The longest line that goes through a terminal, in bytes (termios(3), canonical mode).
const LONGEST_LINE: usize = 4095;

/// What a program may do with a terminal that nobody looks at: nothing that moves or colours.
const TERM: &str = "dumb";
const COLUMNS: u32 = 80;
const ROWS: u32 = 24;

/// How the terminal behaves: it shows nothing of what it is told, changes nothing of what is written, and takes no character for
/// another but the one that ends what is read.
const MODES: &[(Pty, u32)] = &[
    (Pty::ECHO, 0),
    (Pty::ECHOE, 0),
    (Pty::ECHOK, 0),
    (Pty::ECHONL, 0),
    (Pty::ONLCR, 0),
    (Pty::ICRNL, 0),
    (Pty::IXON, 0),
    (Pty::ISIG, 0),
    (Pty::IEXTEN, 0),
    (Pty::ICANON, 1),
    (Pty::VEOF, END_OF_INPUT as u32),
    (Pty::VERASE, NONE),
    (Pty::VKILL, NONE),
    (Pty::VEOL, NONE),
    (Pty::VEOL2, NONE),
];

/// Asks for a terminal for the command of a channel, before it is started.
pub(crate) async fn request(
    channel: &mut CommandChannel,
    stdin: Option<&Secret<Vec<u8>>>,
    deadlines: &Deadlines,
) -> Result<(), RemoteError> {
    if let Some(stdin) = stdin
        && !goes_through(stdin.expose())
    {
        let reason = format!(
            "what it is to read does not go through a terminal: text in lines of at most {LONGEST_LINE} bytes does"
        );
        return Err(RemoteError::NotStarted(with_hint(for_good(Phase::Channel, reason), "leave `pty` out")));
    }
    let writer = channel.writer();
    let gone = |_| RemoteError::Disconnected;
    writer.request_pty(true, TERM, COLUMNS, ROWS, 0, 0, MODES).await.map_err(gone)?;
    let answer = async {
        loop {
            match channel.read.wait().await {
                Some(ChannelMsg::Success) => return Ok(()),
                Some(ChannelMsg::Failure) => {
                    let refused = for_good(Phase::Channel, "the host gives no terminal");
                    let hint = "its sshd_config says `PermitTTY no`, or the key `no-pty`?";
                    return Err(RemoteError::NotStarted(with_hint(refused, hint)));
                }
                Some(ChannelMsg::Close) | None => return Err(RemoteError::Disconnected),
                // Nothing else is expected, and nothing else ends the wait.
                Some(_) => {}
            }
        }
    };
    let limit = deadlines.channel;
    let silent = |_| {
        let reason = format!("the host did not answer to being asked for a terminal within {limit:?}");
        RemoteError::NotStarted(for_now(Phase::Channel, reason))
    };
    tokio::time::timeout(limit, answer).await.map_err(silent)?
}

/// What tells a program that there is nothing more to read, after this.
pub(crate) fn end_of(stdin: Option<&Secret<Vec<u8>>>) -> Vec<u8> {
    match stdin.and_then(|stdin| stdin.expose().last()) {
        // In the middle of a line the first one only ends that.
        Some(last) if *last != b'\n' => vec![END_OF_INPUT; 2],
        _ => vec![END_OF_INPUT],
    }
}

fn goes_through(stdin: &[u8]) -> bool {
    let no_text = |byte: &u8| *byte == END_OF_INPUT || *byte == 0;
    !stdin.iter().any(no_text) && stdin.split(|byte| *byte == b'\n').all(|line| line.len() <= LONGEST_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_cut_or_changed_does_not_go_through() {
        assert!(goes_through(b"") && goes_through("a\r\n\x03ü\n".as_bytes()) && goes_through(&[b'x'; LONGEST_LINE]));
        for bytes in [&[b'x'; LONGEST_LINE + 1][..], b"a\x04b", b"a\0b"] {
            assert!(!goes_through(bytes), "{bytes:?}");
        }
    }
}
