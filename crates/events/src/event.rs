use std::time::{Duration, SystemTime};

use runsheet_model::{Failure, HostName, Outcome, State, StepId, duration_ms, unix_ms};
use serde::{Deserialize, Serialize};

use crate::{Choice, RunHeader, TookLonger};

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Position in the run, from 1, without gaps.
    pub seq: u64,
    /// Wall clock of the machine that runs the sheet; for display only, never for order. Milliseconds since the Unix epoch.
    #[serde(with = "unix_ms", rename = "at_ms")]
    pub at: SystemTime,
    /// Since this epoch of the run started, on the monotonic clock.
    #[serde(with = "duration_ms", rename = "elapsed_ms")]
    pub elapsed: Duration,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. Pairs match: whatever has started is finished by exactly one event, unless runsheet itself was killed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A run begins, or goes on with a new epoch.
    RunStarted(Box<RunHeader>),
    /// A step begins.
    StepStarted {
        /// Which.
        step: StepId,
        /// How many hosts it will be worked on (those that `when` skips are not among them).
        hosts: usize,
    },
    /// A wave of a step begins. A step of one wave has no such event.
    WaveStarted {
        /// Of which step.
        step: StepId,
        /// Its number, from 1.
        wave: usize,
        /// How many waves there are.
        waves: usize,
        /// How many hosts it has.
        hosts: usize,
    },
    /// A connection to a host was made. It is kept for later steps.
    HostConnected {
        /// Which.
        host: HostName,
        /// How long name lookup, connection, key exchange and login took together.
        #[serde(with = "duration_ms", rename = "took_ms")]
        took: Duration,
        /// The address that answered.
        address: String,
        /// Fingerprint (SHA256:…) of the host key or host certificate that was accepted.
        host_key: String,
        /// Whether the key was put on record by this connection.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        learned: bool,
    },
    /// A step begins on a host.
    HostStarted {
        /// Of which step.
        step: StepId,
        /// On which host.
        host: HostName,
    },
    /// The intent: an attempt is about to have its first effect on a host. Durable before that effect.
    AttemptStarted(AttemptKey),
    /// An attempt ended. Durable before anybody sees it. `started` tells whether its intent was recorded.
    AttemptFinished {
        /// Which attempt.
        #[serde(flatten)]
        key: AttemptKey,
        /// Whether it had an effect on the host (an intent stands before it).
        started: bool,
        /// How it ended.
        #[serde(flatten)]
        result: HostResult,
        /// The commands it ran, with their times; at most 100, then the rest is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        commands: Vec<CommandRecord>,
    },
    /// The intent: what a link has opened, and what would end by itself while the run still needs it, is about to be opened again
    /// by the same work. Durable before its first effect.
    RenewalStarted(AttemptKey),
    /// That ended. It decides nothing about the link's host.
    RenewalFinished {
        /// Which, by the link that opened it; renewals of a link count from 1.
        #[serde(flatten)]
        key: AttemptKey,
        /// Whether it had an effect (an intent stands before it).
        started: bool,
        /// How it ended.
        #[serde(flatten)]
        result: HostResult,
    },
    /// A person said what an attempt is taken for of which nobody knows how it ended. Durable before the run goes on with its host.
    LostAnswered {
        /// Which attempt.
        #[serde(flatten)]
        key: AttemptKey,
        /// What they said.
        answer: LostAnswer,
        /// Login name of who said it.
        who: String,
    },
    /// A task said something that people should see now.
    HostNoted {
        /// In which step.
        step: StepId,
        /// About which host.
        host: HostName,
        /// What it said, masked.
        note: String,
    },
    /// A step is over on a host.
    HostFinished {
        /// Of which step.
        step: StepId,
        /// On which host.
        host: HostName,
        /// How it ended: the first link that was not good, or the last one.
        #[serde(flatten)]
        result: HostResult,
    },
    /// A step waits for a person.
    PersonAsked {
        /// Which step.
        step: StepId,
        /// What was asked.
        question: String,
    },
    /// A person answered.
    PersonAnswered {
        /// Which step.
        step: StepId,
        /// Whether they said to go on.
        proceed: bool,
        /// What they chose where there was more to choose from; absent in records of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<Choice>,
        /// What they noted.
        note: String,
        /// Login name of who answered, or `--yes` or `--no-input` for an answer that a flag gave.
        who: String,
        /// How long it took. Never part of machine time.
        #[serde(with = "duration_ms", rename = "waited_ms")]
        waited: Duration,
    },
    /// A step has made a file of this machine, which was hashed at its end. Later steps send exactly this.
    FileMade {
        /// Which step.
        step: StepId,
        /// What was made.
        #[serde(flatten)]
        file: MadeFile,
    },
    /// A step is over on all its hosts.
    StepFinished {
        /// Which.
        step: StepId,
        /// How its hosts ended.
        totals: StepTotals,
        /// Machine time from its start.
        #[serde(with = "duration_ms", rename = "took_ms")]
        took: Duration,
    },
    /// Nothing new is started any more.
    RunCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// A step, or a host in it, took significantly longer than it usually does. It changes nothing.
    TookLonger(TookLonger),
    /// Something that people should know and that changes nothing, such as an output file that could not be written.
    Warned {
        /// What.
        message: String,
    },
    /// The run is over.
    RunFinished {
        /// How its hosts ended, over all steps.
        totals: StepTotals,
        /// From the start of this epoch, waiting for people included.
        #[serde(with = "duration_ms", rename = "took_ms")]
        took: Duration,
    },
}

/// What a person takes an attempt for of which nobody knows how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostAnswer {
    /// It is to be done once more, whatever it did.
    Retry,
    /// It was done, and ended well.
    Ok,
    /// It failed. It is not done again in this run.
    Fail,
}

impl LostAnswer {
    /// How such an attempt ended; nothing if it is done once more.
    pub fn taken_for(self, who: &str) -> Option<HostResult> {
        let (state, outcome) = match self {
            Self::Retry => return None,
            Self::Ok => (State::Ok { changed: true }, Outcome::changed(format!("taken for done by {who}"))),
            Self::Fail => {
                let failure = Failure::Task { value: 1 };
                (State::Failed { failure }, Outcome::failed(format!("taken for failed by {who}"), 1))
            }
        };
        Some(HostResult { state, outcome, hint: None, took: Duration::ZERO })
    }
}

/// A file of this machine that a step has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeFile {
    /// How the sheet calls it.
    pub path: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Whether its owner may execute it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
}

/// Names one try of one link of a step on one host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptKey {
    /// The step.
    pub step: StepId,
    /// Which link of its chain, from 0.
    pub link: u32,
    /// The host.
    pub host: HostName,
    /// Which try, from 1.
    pub attempt: u32,
}

/// How work ended on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostResult {
    /// The state.
    pub state: State,
    /// What the task returned, or what went wrong in words: masked, and at most 16 KiB.
    pub outcome: Outcome,
    /// What would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// From its start to its end.
    #[serde(with = "duration_ms", rename = "took_ms")]
    pub took: Duration,
}

/// One command that a task ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandRecord {
    /// The command, masked, at most 1 KiB.
    pub command: String,
    /// Its exit status, if it ended with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// Since the attempt started.
    #[serde(with = "duration_ms", rename = "started_ms")]
    pub started: Duration,
    /// From asking for it to its end.
    #[serde(with = "duration_ms", rename = "took_ms")]
    pub took: Duration,
    /// Bytes of output, after masking.
    pub output_bytes: u64,
    /// SHA-256 of that output, standard output and standard error as they came; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output_sha256: String,
    /// Whether a process that it left behind still held its output open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaked: bool,
}

/// Hosts counted by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTotals {
    /// Done, and changed something.
    pub changed: usize,
    /// Done, and changed nothing.
    pub unchanged: usize,
    /// Ended badly.
    pub failed: usize,
    /// Not reached.
    pub unreachable: usize,
    /// Nobody knows.
    pub lost: usize,
    /// Skipped by `when`.
    pub skipped: usize,
    /// Never started.
    pub cancelled: usize,
}

impl StepTotals {
    /// Counts one host.
    pub fn count(&mut self, state: &State) {
        *self.slot(state) += 1;
    }

    /// Takes one host back, whose step is done again.
    pub fn take_back(&mut self, state: &State) {
        let slot = self.slot(state);
        *slot = slot.saturating_sub(1);
    }

    fn slot(&mut self, state: &State) -> &mut usize {
        match state {
            State::Ok { changed: true } => &mut self.changed,
            State::Ok { changed: false } => &mut self.unchanged,
            State::Failed { .. } => &mut self.failed,
            State::Unreachable(_) => &mut self.unreachable,
            State::Lost { .. } => &mut self.lost,
            State::Skipped => &mut self.skipped,
            State::Cancelled => &mut self.cancelled,
        }
    }

    /// Hosts that ended ok.
    pub fn ok(&self) -> usize {
        self.changed + self.unchanged
    }

    /// Hosts on which the sheet cannot simply go on.
    pub fn bad(&self) -> usize {
        self.failed + self.unreachable + self.lost
    }

    /// All hosts that are over.
    pub fn all(&self) -> usize {
        self.ok() + self.bad() + self.skipped + self.cancelled
    }
}

/// Why nothing new is started any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum CancelReason {
    /// More hosts failed in a step than are tolerated.
    HostsFailed {
        /// The step.
        step: StepId,
    },
    /// A person answered a question with no.
    Person {
        /// At which step.
        step: StepId,
    },
    /// A step was to make a file that cannot be read at its end.
    FileNotMade {
        /// The step.
        step: StepId,
        /// The file, as the sheet calls it.
        path: String,
        /// Why.
        reason: String,
    },
    /// Ctrl-C. `times` tells how often so far.
    Interrupted {
        /// From 1.
        times: u32,
    },
    /// SIGTERM.
    Terminated,
    /// Hosts are locked by another run, on the hosts.
    HostsLocked {
        /// Which.
        hosts: Vec<HostName>,
        /// Who holds them, in one line that drives no terminal.
        holder: String,
    },
    /// The lock on a host was taken away during the run.
    LockLost {
        /// Which host.
        host: HostName,
        /// Who holds it now, or that nobody does, in one line that drives no terminal.
        holder: String,
    },
    /// The journal cannot be written.
    JournalFailed {
        /// Why.
        reason: String,
    },
}
