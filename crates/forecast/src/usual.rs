use std::time::Duration;

/// What makes the median absolute deviation of normally distributed values their standard deviation: 1 / Φ⁻¹(3/4).
const NORMAL: f64 = 1.4826;

/// How long something usually takes, by its past times. One odd time among them changes next to nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// How many times it is taken from; at least 1.
    pub runs: usize,
    /// Half of them were below.
    pub median: Duration,
    /// How far they usually lie from the median: the median absolute deviation, scaled so that it is the standard deviation where
    /// they are normally distributed.
    pub spread: Duration,
    /// One in ten was below.
    pub p10: Duration,
    /// Nine in ten were below.
    pub p90: Duration,
}

impl Usual {
    /// The median absolute deviation as it is, not scaled to a standard deviation.
    pub fn deviation(&self) -> Duration {
        scaled(self.spread, 1.0 / NORMAL)
    }

    /// Sums times up, in whatever order they come; nothing if there are none.
    pub fn of(times: &[Duration]) -> Option<Self> {
        let sorted = sorted(times);
        let median = middle(&sorted)?;
        let deviations: Vec<_> = sorted.iter().map(|time| time.abs_diff(median)).collect();
        let spread = scaled(middle(&self::sorted(&deviations))?, NORMAL);
        Some(Self { runs: sorted.len(), median, spread, p10: quantile(&sorted, 0.1)?, p90: quantile(&sorted, 0.9)? })
    }
}

/// The median of times in whatever order; nothing if there are none.
pub(crate) fn median(times: &[Duration]) -> Option<Duration> {
    middle(&sorted(times))
}

/// A time times a factor; what no time can hold becomes the longest there is.
pub(crate) fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

fn sorted(times: &[Duration]) -> Vec<Duration> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times
}

/// The one in the middle, or half-way between the two.
fn middle(sorted: &[Duration]) -> Option<Duration> {
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(*low + high.abs_diff(*low) / 2)
}

/// The time below which this share of them lies, between two of them in proportion (definition 7 of Hyndman and Fan, *Sample Quantiles in
/// Statistical Packages*, 1996).
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a list that fits into memory"
)]
fn quantile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let low = sorted.get(place.floor() as usize)?;
    let high = sorted.get(place.ceil() as usize)?;
    // Seconds in floating point are rounded.
    Some(low.saturating_add(scaled(high.abs_diff(*low), place.fract())).min(*high))
}
