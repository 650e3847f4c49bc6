use std::time::Duration;

use maud::{Markup, html};
use runsheet_model::format_chosen_duration;

/// How many grid lines an axis has at most.
const TICKS: u128 = 7;

/// Distances between grid lines, in milliseconds, at which a person can count.
const NICE: [u64; 31] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    432_000_000,
    864_000_000,
    8_640_000_000,
];

/// A stretch of time that is drawn from the left edge to the right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    start: Duration,
    length: Duration,
}

impl Axis {
    /// From one moment to another. It is never empty.
    pub(super) fn new(start: Duration, end: Duration) -> Self {
        Self { start, length: end.saturating_sub(start).max(Duration::from_millis(1)) }
    }

    /// Where a moment is, in percent from the left; what is outside stands at the edge.
    pub(super) fn place(&self, at: Duration) -> f64 {
        let share = at.saturating_sub(self.start).as_secs_f64() / self.length.as_secs_f64();
        (share * 100.0).clamp(0.0, 100.0)
    }

    /// The distance of grid lines, in percent.
    pub(super) fn distance(&self) -> f64 {
        self.tick().as_secs_f64() / self.length.as_secs_f64() * 100.0
    }

    /// The times at the grid lines. `text` is what stands beside the first.
    pub(super) fn labels(&self) -> Markup {
        let tick = self.tick();
        let count = u32::try_from(self.length.as_nanos() / tick.as_nanos().max(1)).unwrap_or(0);
        html! {
            svg.ticks width="100%" height="16" aria-hidden="true" {
                @for number in 0..=count {
                    @let at = tick * number;
                    @let place = self.place(self.start + at);
                    // The last one would stand outside.
                    @if place < 94.0 {
                        text x=(percent(place)) dx="3" y="12" {
                            @if number == 0 { "0" } @else { (format_chosen_duration(at)) }
                        }
                    }
                }
            }
        }
    }

    fn tick(&self) -> Duration {
        let length = self.length.as_millis();
        let tick = NICE.into_iter().find(|&tick| length / u128::from(tick) <= TICKS);
        Duration::from_millis(tick.unwrap_or(NICE[NICE.len() - 1]))
    }
}

/// A number of percent as SVG has it.
pub(super) fn percent(number: f64) -> String {
    let text = format!("{number:.3}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}
