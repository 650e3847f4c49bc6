use std::time::Duration;

use runsheet_forecast::{Trend, Usual};
use runsheet_journal::PastStep;
use runsheet_model::{format_duration, plural};
use runsheet_reporters::{Column, Palette, Table};

/// How many runs are drawn.
const DRAWN: usize = 20;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What became of the times of each step: its last 20 runs drawn, oldest first, and whether it moved to another level.
pub(crate) fn trends(steps: &[PastStep], width: Option<usize>, palette: &Palette) -> String {
    let mut table = Table::new([
        Column::left("step"),
        Column::left("last 20 runs"),
        Column::right("median"),
        Column::right("9 of 10"),
        Column::right("last"),
        Column::left("trend"),
    ]);
    for step in steps {
        let drawn = &step.took[..step.took.len().min(DRAWN)];
        let Some((usual, last)) = Usual::of(drawn).zip(drawn.first()) else { continue };
        table.row([
            step.name.clone(),
            sparkline(drawn),
            format_duration(usual.median),
            format_duration(usual.p90),
            format_duration(*last),
            word(&Trend::of(&step.took)),
        ]);
    }
    table.render(width, palette)
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
