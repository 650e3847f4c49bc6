use std::time::Duration;

use runsheet_forecast::{Basis, Forecast, Range};
use runsheet_inventory::fold;
use runsheet_model::{format_chosen_duration, format_duration, plural};
use runsheet_plan::{HostWork, Pause, Plan, PlanLink, PlanStep, Work};
use runsheet_reporters::{Column, Table};

use crate::args::Format;
use crate::error::CliError;
use crate::foresight::Foresight;
use crate::plan_forecast::PlanForecast;
use crate::printer::Printer;

/// Prints a plan as data: a table for people, the plan itself for programs.
///
/// `foresight` is what past runs say about it, if they were asked. It is no part of the plan itself.
pub(crate) fn print(
    plan: &Plan,
    foresight: Option<&Foresight>,
    format: Format,
    printer: &Printer,
) -> Result<(), CliError> {
    match format {
        Format::Json => match foresight.and_then(|foresight| PlanForecast::of(plan, foresight)) {
            Some(with_forecast) => printer.json(&with_forecast),
            None => printer.json(plan),
        },
        Format::Human | Format::Plain => printer.data(&summary(plan, foresight, printer)),
    }
}

/// Steps × hosts as a table, and what names the plan.
pub(crate) fn summary(plan: &Plan, foresight: Option<&Foresight>, printer: &Printer) -> String {
    let mut table = Table::new([
        Column::right("#"),
        Column::left("step"),
        Column::left("task"),
        Column::left("hosts"),
        Column::left("rollout"),
        Column::left("after"),
        Column::left("owner"),
        Column::right("expected"),
        Column::right("forecast"),
    ]);
    for (index, step) in plan.steps.iter().enumerate() {
        let expect = step.expect_ms.map_or_else(String::new, |ms| format_chosen_duration(Duration::from_millis(ms)));
        table.row([
            (index + 1).to_string(),
            step.name.clone(),
            tasks(step),
            hosts(plan, step),
            rollout(step),
            after(step, index),
            step.owner.clone().unwrap_or_default(),
            expect,
            foresight.and_then(|foresight| foresight.learned(index)).map(told).unwrap_or_default(),
        ]);
    }
    let running = plan.steps.iter().filter(|step| step.left_out.is_none() && step.undoes.is_none()).count();
    format!(
        "{}\n{}\n{} on {}{}, plan {}\n{}",
        runsheet_model::visible(plan.sheet.as_bytes()),
        table.without_empty_columns().render(printer.width, &printer.out_palette(Format::Human)),
        plural(running, "step"),
        plural(plan.hosts.len(), "host"),
        if plan.host_locks.is_some() { ", which are locked on the hosts, too" } else { "" },
        plan.hash.short(),
        foresight.map(|foresight| over(plan, foresight)).unwrap_or_default(),
    )
}

/// `12m (11m to 14m)`.
fn told(forecast: &Forecast) -> String {
    let time = format_duration(forecast.time);
    match forecast.range {
        Some(Range { low, high }) => format!("{time} ({} to {})", format_duration(low), format_duration(high)),
        None => time,
    }
}

/// When it would be over, and which steps decide that.
fn over(plan: &Plan, foresight: &Foresight) -> String {
    let Some(finish) = foresight.finish(plan) else { return String::new() };
    let mut text = String::new();
    if !foresight.has_history() {
        text.push_str("no history yet: the sheet's expected times are used\n");
    }
    text.push_str(&borrowed(plan, foresight));
    let least = if finish.unknown > 0 { "at least " } else { "" };
    text.push_str(&format!("over in {least}{}", format_duration(finish.left)));
    if !finish.waiting.is_zero() {
        text.push_str(&format!(", and {} of waiting for people", format_duration(finish.waiting)));
    }
    if finish.path.len() > 1 {
        let path: Vec<_> = finish.path.iter().map(|index| (index + 1).to_string()).collect();
        text.push_str(&format!("; decided by the steps {}", path.join(", ")));
    }
    if finish.unknown > 0 {
        text.push_str(&format!("; nobody knows how long {} will take", plural(finish.unknown, "step")));
    }
    text.push('\n');
    text
}

/// How many steps are told that are forecast by their tasks elsewhere.
const BORROWED: usize = 5;

/// `forecast from the same tasks elsewhere: 2 (apache.restart)`: steps without history of their own.
fn borrowed(plan: &Plan, foresight: &Foresight) -> String {
    let by_tasks = |index: &usize| foresight.learned(*index).is_some_and(|known| known.basis == Basis::Elsewhere);
    let steps: Vec<_> = (0..plan.steps.len()).filter(by_tasks).collect();
    if steps.is_empty() {
        return String::new();
    }
    let told = |&index: &usize| format!("{} ({})", index + 1, work(&plan.steps[index]));
    let mut words: Vec<_> = steps.iter().take(BORROWED).map(told).collect();
    if steps.len() > BORROWED {
        words.push(format!("and {}", plural(steps.len() - BORROWED, "more step")));
    }
    format!("forecast from the same tasks elsewhere: {}\n", words.join(", "))
}

fn tasks(step: &PlanStep) -> String {
    let mut text = work(step);
    if !step.makes.is_empty() {
        let names: Vec<_> = step.makes.iter().map(|file| file.name.as_str()).collect();
        text.push_str(&format!("; makes {}", names.join(", ")));
    }
    text
}

fn work(step: &PlanStep) -> String {
    match (&step.left_out, &step.work) {
        (Some(reason), _) => format!("({reason})"),
        (None, Work::Manual { .. }) => "manual".to_owned(),
        (None, Work::Hosts(work)) => {
            let names = |links: &[PlanLink]| links.iter().map(|link| link.task.as_str()).collect::<Vec<_>>().join(", ");
            let always =
                if work.always.is_empty() { String::new() } else { format!("; always {}", names(&work.always)) };
            format!("{}{always}", names(&work.links))
        }
    }
}

fn hosts(plan: &Plan, step: &PlanStep) -> String {
    let Some(HostWork { hosts, skipped, .. }) = step.host_work() else { return String::new() };
    let folded = |positions: &[usize]| fold(positions.iter().map(|&host| plan.hosts[host].name.as_str()));
    match (hosts.len(), skipped.len()) {
        (0, 0) => String::new(),
        (count, 0) => format!("{} ({count})", folded(hosts)),
        (0, skipped_count) => format!("none; skips {} ({skipped_count})", folded(skipped)),
        (count, skipped_count) => {
            format!("{} ({count}); skips {} ({skipped_count})", folded(hosts), folded(skipped))
        }
    }
}

/// How many sizes of waves are told one by one.
const WAVES: usize = 5;

/// How a step goes through its hosts, where that is not all at once.
fn rollout(step: &PlanStep) -> String {
    let Some(HostWork { rollout, .. }) = step.host_work() else { return String::new() };
    let mut words = Vec::new();
    match rollout.waves.as_slice() {
        [] | [_] => {}
        [first, rest @ ..] if rest.iter().all(|wave| wave == first) => {
            words.push(format!("{} waves of {first}", rollout.waves.len()));
        }
        waves => {
            let mut sizes: Vec<_> = waves.iter().take(WAVES).map(ToString::to_string).collect();
            if waves.len() > WAVES {
                sizes.push(format!("… ({} waves)", waves.len()));
            }
            words.push(format!("waves of {}", sizes.join(", ")));
        }
    }
    if let Some(window) = rollout.window {
        words.push(format!("window of {}", window.size));
        if window.floor > 0 {
            words.push(format!("{} in service", window.floor));
        }
    }
    match rollout.pause {
        Some(Pause::For(time)) => words.push(format!("pause {}", format_chosen_duration(time))),
        Some(Pause::Ask) => words.push("asks before each".to_owned()),
        None => {}
    }
    if rollout.shuffled {
        words.push("shuffled".to_owned());
    }
    words.join("; ")
}

fn after(step: &PlanStep, index: usize) -> String {
    if let Some(undone) = step.undoes {
        return format!("undoes {}", undone + 1);
    }
    match step.after.as_slice() {
        [] if index > 0 && step.left_out.is_none() => "start".to_owned(),
        [before] if index == before + 1 => String::new(),
        steps => steps.iter().map(|before| (before + 1).to_string()).collect::<Vec<_>>().join(", "),
    }
}
