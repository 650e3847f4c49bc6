use std::time::Duration;

use maud::{Markup, html};
use runsheet_model::State;

use super::axis::{Axis, percent};

/// The narrowest that a bar is drawn, in percent, so that it can be seen.
const NARROWEST: f64 = 0.25;

/// Into how many columns the time of a step is cut to draw how many hosts are at work.
const COLUMNS: usize = 120;

/// How a bar looks that ended so; the words are beside it.
pub(super) fn look(state: Option<&State>) -> &'static str {
    match state {
        Some(State::Ok { changed: true }) => "changed",
        Some(State::Ok { changed: false }) => "same",
        Some(State::Failed { .. }) => "bad",
        Some(State::Unreachable(_)) => "away",
        Some(State::Lost { .. }) => "lost",
        Some(State::Skipped | State::Cancelled) => "idle",
        None => "runs",
    }
}

/// A bar over a time.
pub(super) fn bar(axis: &Axis, from: Duration, to: Duration, class: &str, y: u32, height: u32) -> Markup {
    let start = axis.place(from);
    let width = (axis.place(to) - start).max(NARROWEST);
    let start = start.min(100.0 - NARROWEST);
    html! {
        rect class=(class) x=(percent(start)) y=(y) width=(percent(width)) height=(height) rx="2" {}
    }
}

/// How many hosts are at work, drawn from the floor up as a share of the most at once, between two moments; and how many that is.
pub(super) fn activity(spans: &[(Duration, Duration)], from: Duration, to: Duration) -> (String, usize) {
    let length = to.saturating_sub(from).as_secs_f64().max(1e-9);
    let column = |at: Duration| (at.saturating_sub(from).as_secs_f64() / length * COLUMNS_F).clamp(0.0, COLUMNS_F);
    // Each column is worked on by so many hosts, counted by the share of it that they took.
    let mut full = vec![0.0_f64; COLUMNS + 1];
    let mut part = vec![0.0_f64; COLUMNS];
    for &(start, end) in spans {
        let (start, end) = (column(start), column(end));
        let (first, last) = (whole(start), whole(end));
        if first == last {
            part[first.min(COLUMNS - 1)] += end - start;
            continue;
        }
        part[first] += start.floor() + 1.0 - start;
        if last < COLUMNS {
            part[last] += end - end.floor();
        }
        full[first + 1] += 1.0;
        full[last] -= 1.0;
    }
    let mut at_work = 0.0;
    let heights: Vec<f64> = part
        .iter()
        .zip(&full)
        .map(|(part, change)| {
            at_work += change;
            at_work + part
        })
        .collect();
    let most = heights.iter().copied().fold(0.0, f64::max).max(1e-9);
    let mut path = String::from("M0 100");
    let mut run = 0;
    let mut last = String::new();
    for height in heights {
        let y = format!("V{:.0}", 100.0 - height / most * 100.0);
        if y != last {
            if run > 0 {
                path.push_str(&format!("h{run}"));
            }
            path.push_str(&y);
            last = y;
            run = 0;
        }
        run += 1;
    }
    path.push_str(&format!("h{run}V100z"));
    (path, at_once(spans))
}

#[expect(clippy::cast_precision_loss, reason = "it is 120")]
const COLUMNS_F: f64 = COLUMNS as f64;

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 120")]
fn whole(column: f64) -> usize {
    column as usize
}

/// Work that took no time was done all the same.
const SHORTEST: Duration = Duration::from_nanos(1);

/// How many hosts were worked on at once at most.
fn at_once(spans: &[(Duration, Duration)]) -> usize {
    // An end counts before a start at the same moment.
    let mut moments: Vec<(Duration, bool)> =
        spans.iter().flat_map(|&(start, end)| [(start, true), (end.max(start + SHORTEST), false)]).collect();
    moments.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, starts) in moments {
        now = if starts { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}

/// The path of [`activity`], stretched over a time.
pub(super) fn area(axis: &Axis, from: Duration, to: Duration, path: &str, class: &str, y: u32, height: u32) -> Markup {
    let start = axis.place(from);
    let width = (axis.place(to) - start).max(NARROWEST);
    html! {
        svg x=(percent(start.min(100.0 - NARROWEST))) y=(y) width=(percent(width)) height=(height)
            viewBox=(format!("0 0 {COLUMNS} 100")) preserveAspectRatio="none" {
            path class=(class) d=(path) {}
        }
    }
}

/// Upright strokes at moments, one path for all; those that would stand on each other are one.
pub(super) fn strokes(
    axis: &Axis,
    moments: impl Iterator<Item = Duration>,
    class: &str,
    y: u32,
    height: u32,
) -> Markup {
    let mut places: Vec<String> = moments.map(|at| format!("{:.0}", (axis.place(at) * 2.0).min(199.0))).collect();
    places.sort_unstable();
    places.dedup();
    let path: String = places.iter().flat_map(|place| ["M", place.as_str(), " 0v1"]).collect();
    html! {
        @if !path.is_empty() {
            svg y=(y) width="100%" height=(height) viewBox="0 0 200 1" preserveAspectRatio="none" {
                path class=(class) d=(path) {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(of: &[(u64, u64)]) -> Vec<(Duration, Duration)> {
        of.iter().map(|&(start, end)| (Duration::from_secs(start), Duration::from_secs(end))).collect()
    }

    #[test]
    fn the_area_is_as_high_as_hosts_are_at_work() {
        // Two hosts for the first half, one for the third quarter, none at the end.
        let (path, most) = activity(&spans(&[(0, 60), (0, 90)]), Duration::ZERO, Duration::from_mins(2));
        assert_eq!((path.as_str(), most), ("M0 100V0h60V50h30V100h30V100z", 2));
    }

    #[test]
    fn hosts_one_after_the_other_are_never_two_at_once() {
        let (path, most) = activity(&spans(&[(0, 60), (60, 120)]), Duration::ZERO, Duration::from_mins(2));
        assert_eq!((path.as_str(), most), ("M0 100V0h120V100z", 1));
        let (_, most) = activity(&[], Duration::ZERO, Duration::ZERO);
        assert_eq!(most, 0);
    }

    #[test]
    fn a_bar_that_took_no_time_can_be_seen_and_stays_inside() {
        let axis = Axis::new(Duration::ZERO, Duration::from_secs(100));
        let at_end = bar(&axis, Duration::from_secs(100), Duration::from_secs(100), "bad", 0, 10).into_string();
        assert!(at_end.contains(r#"x="99.75%""#) && at_end.contains(r#"width="0.25%""#), "{at_end}");
    }
}
