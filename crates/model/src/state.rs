use serde::{Deserialize, Serialize};

/// Which of a command's two streams some output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How an attempt, a link or a whole step ended on one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// The work was done and its end was seen.
    Ok {
        /// Whether the host is another one than before.
        changed: bool,
    },
    /// The work ended, and not well.
    Failed {
        /// In what way.
        failure: Failure,
    },
    /// It is proven that nothing was started on the host.
    Unreachable(Unreachable),
    /// Something may have been started and its end was not seen: nobody knows.
    Lost {
        /// Why nobody knows.
        reason: LostReason,
    },
    /// The step's `when` is false for this host.
    Skipped,
    /// Never started, because the run was stopped before.
    Cancelled,
}

impl State {
    /// Whether the step may go on to its next link, and the sheet to its next step, on this host.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Ok { .. } | Self::Skipped)
    }
}

/// In what way work failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Failure {
    /// The task said so, with this number.
    Task {
        /// Never 0.
        value: i32,
    },
    /// A command was ended by a signal.
    Signal {
        /// Its name without `SIG`, such as `KILL`.
        name: String,
    },
    /// It ran longer than its limit, and its end was seen.
    TimedOut {
        /// The limit.
        limit_ms: u64,
    },
    /// It was stopped on demand, and its end was seen.
    Stopped,
    /// The connection broke between two commands, when every command so far had reported its end.
    Connection,
    /// A file could not be moved; the target is as it was.
    Transfer,
    /// The task itself broke (a panic).
    Internal,
}

/// Why a host was not reached. Nothing was run on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    /// How far it got.
    pub phase: Phase,
    /// What went wrong, in words that are safe to print.
    pub reason: String,
    /// What would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether another try a moment later may go better. Never true for a login or a host key.
    pub transient: bool,
}

/// A phase of reaching a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// This machine could not even try: no open file left, no local port, an unreadable key.
    Local,
    /// Looking up its name.
    Name,
    /// The TCP connection.
    Tcp,
    /// Its first line, or the key exchange after it.
    Handshake,
    /// Proving that it is the host it should be.
    HostKey,
    /// Logging in.
    Login,
    /// Opening a channel or asking for the command: the host refused before anything ran.
    Channel,
}

impl Phase {
    /// What was going on, to follow `while `.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Local => "preparing the connection",
            Self::Name => "looking up its name",
            Self::Tcp => "connecting",
            Self::Handshake => "exchanging keys",
            Self::HostKey => "checking its host key",
            Self::Login => "logging in",
            Self::Channel => "opening a channel",
        }
    }
}

/// Why an end was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostReason {
    /// The connection was closed or reset.
    ConnectionClosed,
    /// The host stopped answering.
    PeerSilent,
    /// The channel was closed without an exit status.
    ClosedWithoutStatus,
    /// The host was started anew meanwhile.
    Rebooted,
    /// It ran longer than its limit and its end was not seen.
    TimedOut,
    /// It was stopped on demand and its end was not seen.
    Stopped,
    /// A file's last rename was not answered.
    RenameUnanswered,
    /// runsheet itself ended before it heard.
    RunEnded,
}

impl LostReason {
    /// What happened, as a sentence without its end.
    pub fn says(self) -> &'static str {
        match self {
            Self::ConnectionClosed => "the connection was closed before the end was seen",
            Self::PeerSilent => "the host stopped answering before the end was seen",
            Self::ClosedWithoutStatus => "the channel was closed without an exit status",
            Self::Rebooted => "the host was started anew before the end was seen",
            Self::TimedOut => "it ran out of time and its end was not seen: it may still be running",
            Self::Stopped => "it was stopped and its end was not seen: it may still be running",
            Self::RenameUnanswered => "the last rename was not answered: the file is the old one or the new one",
            Self::RunEnded => "runsheet ended before the end was seen",
        }
    }
}
