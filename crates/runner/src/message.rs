use std::time::Duration;

use runsheet_events::{Answer, AttemptKey, CommandRecord, HostResult, LostAnswer, MadeFile};
use runsheet_model::{HostName, StepId};
use tokio::sync::oneshot;

use crate::renewals::Place;

/// The files that a step makes; or which one cannot be read, and why.
pub(crate) type FilesFound = Result<Vec<MadeFile>, (String, String)>;

/// An attempt that is about to have its first effect. Without an answer it may not.
pub(crate) struct Wish {
    pub(crate) key: AttemptKey,
    /// Of the host in the step.
    pub(crate) position: usize,
    pub(crate) purpose: Purpose,
    pub(crate) permit: oneshot::Sender<()>,
}

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It begins the work of a step on a host.
    Begins,
    /// It goes on with work that had effects already.
    GoesOn,
    /// It opens again what would end by itself.
    Renews,
}

/// What the executor tells the dispatcher.
pub(crate) enum Message {
    /// A connection was made.
    HostConnected { host: HostName, took: Duration, address: String, host_key: String, learned: bool },
    /// A step begins on a host.
    HostStarted { step: StepId, host: HostName },
    /// An attempt is about to have its first effect, and waits for the answer. A dropped sender means no.
    PermitWanted(Wish),
    /// An attempt ended, on the host at this position in its step.
    AttemptFinished {
        key: AttemptKey,
        position: usize,
        started: bool,
        result: HostResult,
        commands: Vec<CommandRecord>,
    },
    /// What a link opened was opened again, or not.
    RenewalFinished { place: Place, key: AttemptKey, started: bool, result: HostResult },
    /// A task said something.
    HostNoted { step: StepId, host: HostName, note: String },
    /// A step is over on a host, after so many attempts of each link.
    HostFinished { step: usize, position: usize, result: HostResult, attempts: Vec<u32> },
    /// A person answered, or the question was withdrawn.
    PersonAnswered { step: usize, answer: Option<Answer>, waited: Duration },
    /// The host knows no end of an attempt either, and this was said about that case.
    LostAnswered { key: AttemptKey, answer: LostAnswer, who: String },
    /// The files that a step makes were looked at.
    FilesLookedAt { step: usize, files: FilesFound },
    /// Every host was asked for its lock. Those that others hold, with who that is; none of ours is left on a host if there are any.
    HostsLocked { kept: Vec<(Vec<HostName>, String)> },
    /// The lock on a host was taken away, by whom this says.
    LockLost { host: HostName, by: String },
    /// Something that people should know.
    Warned { message: String },
}
