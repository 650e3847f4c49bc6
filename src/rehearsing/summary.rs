use std::time::{Duration, SystemTime};

use runsheet_events::{RunStats, StepStats};
use runsheet_model::{format_chosen_duration, format_duration, plural};
use runsheet_rehearsal::{Basis, Rehearsal};
use runsheet_reporters::{Column, Table};

use crate::args::Format;
use crate::printer::Printer;
use crate::when;

/// What a rehearsal predicts: how long each step takes beside what was planned and forecast, and when the run would be over.
pub(super) fn summary(
    stats: &RunStats,
    rehearsal: &Rehearsal,
    begun: SystemTime,
    format: Format,
    printer: &Printer,
) -> String {
    let mut table = Table::new([
        Column::right("#"),
        Column::left("step"),
        Column::right("planned"),
        Column::right("forecast"),
        Column::right("rehearsed"),
        Column::left("drawn from"),
    ])
    .indent(2);
    let told = |step: &StepStats| step.planned.undoes.is_none() || step.started.is_some();
    for (number, step) in (1..).zip(&stats.steps).filter(|(_, step)| told(step)) {
        let chosen =
            |ms: Option<u64>| ms.map(Duration::from_millis).map_or_else(|| "-".to_owned(), format_chosen_duration);
        let rehearsed = step.took.map(|took| format_duration(took + step.waited));
        let position = rehearsal.plan().steps.iter().position(|planned| planned.id == step.planned.step);
        let number: i32 = number;
        table.row([
            number.to_string(),
            step.planned.name.clone(),
            chosen(step.planned.expect_ms),
            chosen(step.planned.forecast_ms),
            rehearsed.unwrap_or_else(|| "-".to_owned()),
            position.map(|position| drawn_from(rehearsal.times().basis(position))).unwrap_or_default(),
        ]);
    }
    let took = stats.took.unwrap_or(stats.elapsed);
    let waited: Duration = stats.steps.iter().map(|step| step.waited).sum();
    let people = if waited.is_zero() {
        String::new()
    } else {
        format!(", {} of it waiting for people", format_duration(waited))
    };
    format!(
        "\nREHEARSAL: begun at {}, the run would be over at {}, after {}{people}\n{}",
        when::local(begun),
        begun.checked_add(took).map_or_else(|| "an unknown time".to_owned(), when::local),
        format_duration(took),
        table.without_empty_columns().render(printer.width, &printer.err_palette(format)),
    )
}

fn drawn_from(basis: Basis) -> String {
    match basis {
        Basis::History { runs } => plural(runs, "past run"),
        Basis::Sheet => "the sheet".to_owned(),
        Basis::Guess => "a guess".to_owned(),
    }
}
