use std::process::ExitCode;

use runsheet_events::{CancelReason, RunStats};

/// How the program ends. The numbers are part of the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Every host ended ok or was skipped.
    Success,
    /// runsheet itself failed: the journal, a bug.
    Internal,
    /// The command line, a sheet, host groups or arguments are wrong. No host was touched.
    Usage,
    /// Hosts could not be reached. Nothing was run on them.
    Unreachable,
    /// A task failed on a host, or ran out of time and was seen to end; or a step has not made its file.
    Failed,
    /// Stopped by a person's answer or by a changed plan.
    Stopped,
    /// Another run holds a lock, or the one that is to go on is still going on.
    Locked,
    /// An outcome is unknown and needs a decision.
    Lost,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl ExitStatus {
    /// Judges a run: the first that applies of 1, 8, 7, 130 or 143, 6, 5, 4.
    pub(crate) fn of(stats: &RunStats) -> Self {
        let totals = stats.totals();
        let cancelled = |wanted: fn(&CancelReason) -> bool| stats.cancelled.iter().any(wanted);
        if cancelled(|reason| matches!(reason, CancelReason::JournalFailed { .. })) {
            Self::Internal
        } else if totals.lost > 0 {
            Self::Lost
        } else if cancelled(|reason| matches!(reason, CancelReason::HostsLocked { .. } | CancelReason::LockLost { .. }))
        {
            Self::Locked
        } else if cancelled(|reason| matches!(reason, CancelReason::Terminated)) {
            Self::Terminated
        } else if cancelled(|reason| matches!(reason, CancelReason::Interrupted { .. })) {
            Self::Interrupted
        } else if cancelled(|reason| matches!(reason, CancelReason::Person { .. })) {
            Self::Stopped
        } else if totals.failed > 0 || cancelled(|reason| matches!(reason, CancelReason::FileNotMade { .. })) {
            Self::Failed
        } else if totals.unreachable > 0 {
            Self::Unreachable
        } else {
            Self::Success
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Unreachable => 4,
            Self::Failed => 5,
            Self::Stopped => 6,
            Self::Locked => 7,
            Self::Lost => 8,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.number())
    }
}
