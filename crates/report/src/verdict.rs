use runsheet_events::RunStats;

/// How a run ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every host ended ok or was skipped.
    Ok,
    /// Hosts ended badly.
    Failed,
    /// Nobody knows how some hosts ended.
    Lost,
    /// It was stopped before its end.
    Stopped,
    /// It is still going on, or was broken off.
    Unfinished,
}

impl Verdict {
    /// Judges a run. What matters most comes first: an unknown end needs somebody to look.
    pub fn of(stats: &RunStats) -> Self {
        let totals = stats.totals();
        if totals.lost > 0 {
            Self::Lost
        } else if totals.bad() > 0 || stats.steps.iter().any(|step| step.not_made) {
            Self::Failed
        } else if !stats.cancelled.is_empty() {
            Self::Stopped
        } else if stats.took.is_none() {
            Self::Unfinished
        } else {
            Self::Ok
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Lost => "outcome unknown",
            Self::Stopped => "stopped",
            Self::Unfinished => "not over",
        }
    }
}
