use std::time::Duration;

use runsheet_forecast::{Trend, Usual};
use runsheet_model::{format_duration, plural};
use runsheet_reporters::{Column, Palette, Table};
use serde_json::{Value, json as value};

use crate::past_trends::PastTrend;

/// How many runs are drawn.
const DRAWN: usize = 20;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What became of the times of each step, or whatever `what` is: its last 20 runs drawn, oldest first, and whether it moved to another
/// level or is slower than its peers.
pub(crate) fn trends(what: &str, trends: &[PastTrend], width: Option<usize>, palette: &Palette) -> String {
    let mut table = Table::new([
        Column::left(what),
        Column::left("last 20 runs"),
        Column::right("runs"),
        Column::right("median"),
        Column::right("MAD"),
        Column::right("9 of 10"),
        Column::right("last"),
        Column::left("trend"),
    ]);
    for trend in trends {
        let drawn = drawn(trend);
        let Some((usual, last)) = Usual::of(drawn).zip(drawn.first()) else { continue };
        table.row([
            trend.name.clone(),
            sparkline(drawn),
            trend.took.len().to_string(),
            format_duration(usual.median),
            format_duration(usual.deviation()),
            format_duration(usual.p90),
            format_duration(*last),
            verdict(trend),
        ]);
    }
    table.render(width, palette)
}

/// The same as data.
pub(crate) fn json(trend: &PastTrend) -> Value {
    let moved = Trend::of(&trend.took);
    let usual = Usual::of(drawn(trend));
    value!({
        "name": trend.name,
        "runs": trend.took.len(),
        "took_ms": trend.took.iter().map(Duration::as_millis).collect::<Vec<_>>(),
        "median_ms": usual.map(|usual| usual.median.as_millis()),
        "mad_ms": usual.map(|usual| usual.deviation().as_millis()),
        "p90_ms": usual.map(|usual| usual.p90.as_millis()),
        "moved_percent": moved.percent(),
        "slower_at": trend.slower.as_ref().map(|slower| value!({
            "step": slower.step,
            "took_ms": slower.alarm.took.as_millis(),
            "peers_ms": slower.alarm.usual.as_millis(),
        })),
    })
}

fn drawn(trend: &PastTrend) -> &[Duration] {
    &trend.took[..trend.took.len().min(DRAWN)]
}

/// What stands out: that it changed, and that it is slower than others that do the same.
fn verdict(trend: &PastTrend) -> String {
    let moved = word(&Trend::of(&trend.took));
    match &trend.slower {
        Some(slower) => format!("{moved}; slower than its peers at {} (+{} %)", slower.step, slower.alarm.percent()),
        None => moved,
    }
}

/// Times, newest first, as bars from the oldest on: the longest is the highest, and no time at all would be none.
fn sparkline(times: &[Duration]) -> String {
    let longest = times.iter().max().map_or(1, Duration::as_millis).max(1);
    let most = BARS.len() - 1;
    let bar = |time: &Duration| {
        let height = usize::try_from(time.as_millis() * most as u128 / longest).unwrap_or(most);
        BARS[height.min(most)]
    };
    times.iter().rev().map(bar).collect()
}

/// `steady`, or `40 % slower for 6 runs`.
pub(crate) fn word(trend: &Trend) -> String {
    match trend {
        Trend::Steady => "steady".to_owned(),
        Trend::Moved { runs, .. } => {
            let percent = trend.percent();
            let way = if percent < 0 { "faster" } else { "slower" };
            format!("{} % {way} for {}", percent.unsigned_abs(), plural(*runs, "run"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(seconds: &[u64]) -> Vec<Duration> {
        seconds.iter().copied().map(Duration::from_secs).collect()
    }

    #[test]
    fn times_are_drawn_and_what_became_of_them_is_said() {
        assert_eq!(sparkline(&times(&[7, 0, 14])), "█▁▄");
        assert_eq!(sparkline(&times(&[0])), "▁");
        assert_eq!(sparkline(&[]), "");
        let slower = times(&[14, 14, 14, 14, 14, 14, 10, 10, 10, 10, 10, 10]);
        assert_eq!(word(&Trend::of(&slower)), "40 % slower for 6 runs");
        assert_eq!(word(&Trend::of(&times(&[3]))), "steady");
    }
}
