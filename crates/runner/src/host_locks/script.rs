//! What is said to a host about its lock, and what it answers.

use std::time::Duration;

use runsheet_model::{LockHolder, RunId, Secret, Stream, shortened};
use runsheet_task::{ExecEnd, ExecRequest, Exit, Limits, Output, Remote, RemoteError, quote};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What runs on the host: POSIX sh, read from standard input so that it needs nothing of the login shell.
const SCRIPT: &str = include_str!("lock.sh");
/// After how many minutes a lock that nobody renewed is stale. Three heartbeats.
pub(super) const STALE_MINUTES: u64 = 3;
/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(20);
/// How much of an answer is read, in bytes.
const MOST: usize = 8 * 1024;
/// What begins the line of the answer; what a login shell prints before it is passed over.
const MARK: &str = "runsheet-lock ";
/// How much is shown of what others said, in characters.
const SHOWN: usize = 120;

/// What is to be done with a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Take,
    Keep,
    End,
}

impl Act {
    fn word(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Keep => "keep",
            Self::End => "end",
        }
    }
}

/// What a host says about its lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockAnswer {
    /// It is this run's.
    Mine,
    /// It is this run's now: the one that had it has not renewed it.
    Taken,
    /// It is another run's, or one's whose name cannot be read.
    Held(Option<LockHolder>),
    /// Another user of the host made it.
    Foreign(String),
    /// It is stale, and somebody began to take it over and did not end.
    Stuck(Option<LockHolder>),
    /// It is not there.
    Gone,
    /// It was this run's and is no more.
    Ended,
    /// The host could not do it, in its words.
    Failed(String),
}

impl LockAnswer {
    /// Who has the lock, in one line that drives no terminal.
    pub fn says(&self) -> String {
        match self {
            Self::Mine | Self::Taken => "this run".to_owned(),
            Self::Held(Some(holder)) => describe(holder),
            Self::Held(None) => "a run that does not say who it is".to_owned(),
            Self::Foreign(user) => format!("a run that logs in there as {}", shortened(user, SHOWN)),
            Self::Stuck(holder) => {
                let holder = holder.as_ref().map_or_else(|| "a run that does not say who it is".to_owned(), describe);
                format!(
                    "{holder}; it is stale, but whoever was taking it over did not come to an end (`runsheet lock break` ends it)"
                )
            }
            Self::Gone => "nobody".to_owned(),
            Self::Ended => "nobody any more".to_owned(),
            Self::Failed(why) => shortened(why, SHOWN),
        }
    }
}

/// How much else is said about a lock.
pub(super) struct Words<'a> {
    pub(super) run: RunId,
    pub(super) folder: Option<&'a str>,
    pub(super) holder: &'a str,
}

/// Asks a host.
pub(super) async fn ask(
    remote: &dyn Remote,
    act: Act,
    words: &Words<'_>,
    cancel: CancellationToken,
) -> Result<LockAnswer, RemoteError> {
    let arguments = [
        act.word(),
        &words.run.to_string(),
        words.folder.unwrap_or_default(),
        &STALE_MINUTES.to_string(),
        words.holder,
    ];
    let request = ExecRequest {
        command: format!("sh -s -- {}", arguments.map(quote).join(" ")),
        recorded: None,
        on_local: None,
        as_user: None,
        pty: false,
        stdin: Some(Secret::new(SCRIPT.as_bytes().to_vec())),
        quiet: true,
        limits: Limits { deadline: Instant::now() + LIMIT, limit: LIMIT, cancel },
    };
    let mut said = Said::default();
    let ExecEnd { exit, .. } = remote.exec(&request, &mut said).await?;
    Ok(read(&exit, &said))
}

fn read(exit: &Exit, said: &Said) -> LockAnswer {
    let out = String::from_utf8_lossy(&said.out);
    let mut lines = out.lines().skip_while(|line| !line.starts_with(MARK));
    let first = lines.next().and_then(|line| line.strip_prefix(MARK)).unwrap_or_default();
    let (word, rest) = first.split_once(' ').unwrap_or((first, ""));
    match word {
        "mine" => LockAnswer::Mine,
        "taken" => LockAnswer::Taken,
        "held" => LockAnswer::Held(holder(lines.next())),
        "stuck" => LockAnswer::Stuck(holder(lines.next())),
        "foreign" => LockAnswer::Foreign(rest.to_owned()),
        "gone" => LockAnswer::Gone,
        "ended" => LockAnswer::Ended,
        "failed" => LockAnswer::Failed(rest.to_owned()),
        _ => {
            let error = String::from_utf8_lossy(&said.err);
            LockAnswer::Failed(match (error.trim(), exit) {
                ("", Exit::Status(code)) => format!("it does not answer (exit status {code})"),
                ("", Exit::Signal(name)) => format!("it does not answer (signal {name})"),
                (error, _) => error.to_owned(),
            })
        }
    }
}

fn holder(line: Option<&str>) -> Option<LockHolder> {
    serde_json::from_str(line?).ok()
}

/// What the host says, as far as it is read.
#[derive(Default)]
struct Said {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Output for Said {
    fn chunk(&mut self, stream: Stream, bytes: &[u8]) {
        let kept = if stream == Stream::Out { &mut self.out } else { &mut self.err };
        let room = MOST.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

fn describe(holder: &LockHolder) -> String {
    let since = jiff::Timestamp::try_from(holder.since).map_or_else(|_| "?".to_owned(), |at| format!("{at:.0}"));
    holder.says(&since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> LockAnswer {
        let mut said = Said::default();
        said.chunk(Stream::Out, text.as_bytes());
        read(&Exit::Status(0), &said)
    }

    #[test]
    fn answers_are_read_whatever_a_login_shell_prints_before_them() {
        assert_eq!(answer("runsheet-lock mine\n"), LockAnswer::Mine);
        assert_eq!(answer("Welcome!\r\nrunsheet-lock taken\n"), LockAnswer::Taken);
        assert_eq!(answer("runsheet-lock held\nnot JSON\n"), LockAnswer::Held(None));
        assert_eq!(answer("runsheet-lock foreign deploy\n"), LockAnswer::Foreign("deploy".to_owned()));
        assert_eq!(answer("runsheet-lock failed no room\n"), LockAnswer::Failed("no room".to_owned()));
        assert!(matches!(answer(""), LockAnswer::Failed(_)));
        assert!(matches!(answer("runsheet-lock whatever\n"), LockAnswer::Failed(_)));
    }

    #[test]
    fn what_a_host_says_of_a_holder_is_one_short_line_that_drives_no_terminal() {
        let holder = format!(
            r#"{{"run":"{}","command":"run","sheet":"a\u001b[2J\nb","user":"{}","machine":"m","pid":7,"since_ms":0}}"#,
            RunId::fresh(),
            "x".repeat(4_000)
        );
        let said = answer(&format!("runsheet-lock held\n{holder}\n")).says();
        assert!(said.contains("pid 7 on m) since 1970-01-01T00:00:00Z: run `a\\x1b[2J b`"), "{said}");
        assert!(said.len() < 500 && !said.contains(['\x1b', '\n']), "{said:?}");
        let endless = answer(&format!("runsheet-lock failed {}", "\x07".repeat(100_000))).says();
        assert!(endless.len() < 1_000, "{}", endless.len());
    }
}
