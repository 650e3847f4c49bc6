use std::time::Duration;

use crate::usual::median;
use crate::{level, on_this_level};

/// What became of a time over its past runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trend {
    /// It stayed on its level, or too little is known.
    Steady,
    /// It has another level than before.
    Moved {
        /// Its level before.
        from: Duration,
        /// Its level now.
        to: Duration,
        /// For how many runs.
        runs: usize,
    },
}

impl Trend {
    /// Of past times, newest first; the last 50 count.
    pub fn of(times: &[Duration]) -> Self {
        let times = &times[..times.len().min(level::REMEMBERED)];
        let (now, before) = times.split_at(on_this_level(times));
        match (median(now), median(before)) {
            (Some(to), Some(from)) => Self::Moved { from, to, runs: now.len() },
            _ => Self::Steady,
        }
    }

    /// By how many hundredths it became slower, below 0 faster; 0 if it is steady.
    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    pub fn percent(&self) -> i64 {
        match self {
            Self::Steady => 0,
            Self::Moved { from, to, .. } => {
                let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
                ((to - from) / from.max(0.001) * 100.0).round() as i64
            }
        }
    }
}
