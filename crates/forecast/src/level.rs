use std::time::Duration;

use crate::usual::{median, scaled};

/// How many past times are looked at, at most: what is older says little about today.
pub(crate) const REMEMBERED: usize = 50;
/// How many times it takes, on either side, before a change of level is believed.
const SIDE: usize = 5;
/// By how many spreads two levels have to differ. The medians of 5 and of 15 times differ by so much by chance about once in a
/// thousand.
const SPREADS: f64 = 2.0;
/// By how much of the older level they have to differ, whatever the spread is.
const SHARE: f64 = 0.1;

/// How many of the newest times lie on the present level: all of them (at most 50), unless the work became slower or faster for
/// good meanwhile. `times` are newest first.
///
/// The level is taken for another one from where two levels fit the times best, by the sum of the absolute deviations from their
/// medians (Bai, *Least Absolute Deviation Estimation of a Shift*, Econometric Theory 11, 1995), if there are at least 5 times on
/// either side, the medians differ by two spreads and a tenth, and four of five newer times lie on the new side.
pub fn on_this_level(times: &[Duration]) -> usize {
    let mut newest = &times[..times.len().min(REMEMBERED)];
    // There may have been more than one change: the last one counts.
    while let Some(shorter) = since_shift(newest) {
        newest = &newest[..shorter];
    }
    newest.len()
}

/// How many of the newest times lie behind the clearest change; nothing if there is none.
fn since_shift(times: &[Duration]) -> Option<usize> {
    let last = times.len().checked_sub(SIDE)?;
    let (split, _) = (SIDE..=last)
        .filter_map(|split| Some((split, deviation(&times[..split])?.saturating_add(deviation(&times[split..])?))))
        .min_by_key(|(_, deviation)| *deviation)?;
    let (newer, older) = times.split_at(split);
    let (new, old) = (median(newer)?, median(older)?);
    let away = |times: &[Duration], level: Duration| times.iter().map(|time| time.abs_diff(level)).collect::<Vec<_>>();
    let away: Vec<_> = [away(newer, new), away(older, old)].concat();
    let spread = scaled(median(&away)?, 1.4826);
    let half_way = new.min(old) + new.abs_diff(old) / 2;
    let arrived = newer.iter().filter(|time| (**time > half_way) == (new > old)).count();
    let differs = new.abs_diff(old) > scaled(spread, SPREADS).max(scaled(old, SHARE));
    (differs && arrived * 5 >= newer.len() * 4).then_some(split)
}

/// The sum of the absolute deviations from the median.
fn deviation(times: &[Duration]) -> Option<Duration> {
    let level = median(times)?;
    Some(times.iter().fold(Duration::ZERO, |sum, time| sum.saturating_add(time.abs_diff(level))))
}
