use runsheet_events::{LostAnswer, PriorHost, PriorLink};
use runsheet_model::{Failure, State};

/// What is known of a link on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was never begun, or a person has said that it is to be done again.
    Nothing,
    /// It is proven that nothing was done.
    NotStarted,
    /// It ended well.
    Ok,
    /// It ended badly by itself.
    Failed,
    /// It was ended before its time, and its end was seen: out of time, or stopped.
    Ended,
    /// Nobody knows.
    Lost,
    /// A person has said that it failed.
    TakenForFailed,
}

/// What is promised about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Promise {
    /// Doing it twice is as good as doing it once.
    pub(crate) idempotent: bool,
    /// The host keeps a receipt of it.
    pub(crate) receipt: bool,
}

/// What somebody who resumes a run has said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// About what nobody knows.
    pub(crate) lost: Option<LostAnswer>,
    /// That what failed is left as it is.
    pub(crate) skip_failed: bool,
}

/// What is done with a link on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is done already.
    Done,
    /// It is done, once more perhaps.
    Run,
    /// The host is asked for its receipt, and the rest follows from that.
    AskHost,
    /// A person has to decide.
    AskPerson,
    /// It is not done, but counts as this.
    Take(LostAnswer),
    /// It stays failed.
    Leave,
}

/// Decides about one link on one host.
pub(crate) fn decide(known: Known, promise: Promise, said: Said) -> Decision {
    match known {
        Known::Ok => Decision::Done,
        Known::TakenForFailed => Decision::Leave,
        Known::Failed if said.skip_failed => Decision::Leave,
        Known::Nothing | Known::NotStarted | Known::Failed => Decision::Run,
        Known::Ended | Known::Lost if promise.receipt => Decision::AskHost,
        Known::Ended | Known::Lost => decide_unknown(promise, said.lost),
    }
}

/// Decides about a link of which the host does not know either how it ended.
pub(crate) fn decide_unknown(promise: Promise, lost: Option<LostAnswer>) -> Decision {
    match lost {
        _ if promise.idempotent => Decision::Run,
        None => Decision::AskPerson,
        Some(LostAnswer::Retry) => Decision::Run,
        Some(answer) => Decision::Take(answer),
    }
}

impl Known {
    /// What the record tells of a link.
    pub(crate) fn of(host: &PriorHost, link: u32) -> Self {
        host.link(link).map_or(Self::Nothing, Self::of_link)
    }

    fn of_link(link: &PriorLink) -> Self {
        if link.answer == Some(LostAnswer::Retry) {
            return Self::Nothing;
        }
        match link.ended.as_ref().map(|ended| &ended.state) {
            None if link.begun => Self::Lost,
            None => Self::Nothing,
            Some(State::Ok { .. } | State::Skipped) => Self::Ok,
            Some(State::Failed { .. }) if link.answer == Some(LostAnswer::Fail) => Self::TakenForFailed,
            Some(State::Failed { failure: Failure::TimedOut { .. } | Failure::Stopped }) if link.begun => Self::Ended,
            Some(State::Failed { .. }) => Self::Failed,
            Some(State::Lost { .. }) => Self::Lost,
            Some(State::Unreachable(_) | State::Cancelled) => Self::NotStarted,
        }
    }
}
