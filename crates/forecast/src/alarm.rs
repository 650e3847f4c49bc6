use std::time::Duration;

use crate::usual::scaled;
use crate::{Usual, level, on_this_level};

/// From how many past times on it can be said that one is too long.
const FEWEST: usize = 8;
/// How many spreads above the median a time has to lie (the modified z-score and its limit are those of Iglewicz and Hoaglin, *How to
/// Detect and Handle Outliers*, 1993).
const SPREADS: f64 = 3.5;
/// The spread is never taken for less than this share of the median: past times that happen to be alike promise nothing.
const LEAST_SPREAD: f64 = 0.05;
/// What is not longer by at least this share of the median is nobody's business.
const SHARE: f64 = 0.3;
/// Nor what is not longer by at least this much.
const LEAST: Duration = Duration::from_secs(1);

/// What something usually takes, and from when on it takes significantly longer than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Half of its past times were below.
    pub usual: Duration,
    /// From how many past times that is known.
    pub runs: usize,
    /// The longest that is still as usual.
    pub longest: Duration,
}

/// Something took significantly longer than it usually does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// How long it took.
    pub took: Duration,
    /// How long it usually takes: half of its past times were below.
    pub usual: Duration,
    /// From how many past times that is known.
    pub runs: usize,
}

impl Limit {
    /// Compares a time with it; nothing if it is as usual.
    pub fn look(&self, took: Duration) -> Option<Alarm> {
        (took > self.longest).then_some(Alarm { took, usual: self.usual, runs: self.runs })
    }
}

impl Alarm {
    /// By how many hundredths of the usual it took longer; at least 1.
    pub fn percent(&self) -> u64 {
        percent_longer(self.took, self.usual)
    }
}

/// By how many hundredths of the usual something took longer that did; at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of what is positive; it saturates"
)]
fn percent_longer(took: Duration, usual: Duration) -> u64 {
    let more = took.saturating_sub(usual).as_secs_f64();
    ((more / usual.as_secs_f64().max(0.001) * 100.0).round() as u64).max(1)
}

/// Says from when on something takes significantly longer than it usually does.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    spreads: f64,
}

impl Watch {
    /// For so many comparisons in one run. The more there are, the higher the limit, so that a run of many steps or hosts raises an alarm
    /// by chance no more often than one of few.
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many hosts")]
    pub fn over(comparisons: usize) -> Self {
        // The tail of the normal distribution falls with exp(-z²/2): n comparisons at the limit z err as often as one at the limit that is
        // given here (Bonferroni).
        let more = 2.0 * (comparisons.max(1) as f64).ln();
        Self { spreads: (SPREADS * SPREADS + more).sqrt() }
    }

    /// What past times allow: newest first, of which the last 50 count, on the present level once there are 8 on it. Nothing if fewer
    /// than 8 are known.
    pub fn limit(&self, past: &[Duration]) -> Option<Limit> {
        let past = &past[..past.len().min(level::REMEMBERED)];
        let level = on_this_level(past);
        let usual = Usual::of(if level < FEWEST { past } else { &past[..level] })?;
        if usual.runs < FEWEST {
            return None;
        }
        Some(self.limit_of(&usual))
    }

    /// What times allow that are summed up.
    pub(crate) fn limit_of(self, usual: &Usual) -> Limit {
        let spread = usual.spread.max(scaled(usual.median, LEAST_SPREAD));
        let more = scaled(spread, self.spreads).max(scaled(usual.median, SHARE)).max(LEAST);
        Limit { usual: usual.median, runs: usual.runs, longest: usual.median.saturating_add(more) }
    }

    /// Compares a time with past ones; nothing if it is as usual.
    pub fn look(&self, took: Duration, past: &[Duration]) -> Option<Alarm> {
        self.limit(past)?.look(took)
    }
}
