use clap::Args;
use runsheet_journal::{History, PastRun, PastStep};
use runsheet_model::{RunId, format_duration};
use runsheet_reporters::{Column, HistoryRow, Table, history};
use serde_json::{Value, json};

use crate::args::Format;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::past_trends::{By, past_trends};
use crate::session::Session;
use crate::show_trend::{self, trends};
use crate::when;

/// How many runs a step's typical time is taken from.
const LAST: usize = 20;
/// And from how many its trend.
const TREND: usize = 50;

/// List past runs, and how long the steps of a sheet take
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Only runs of this sheet (its `name`), with the usual time of each step
    sheet: Option<String>,
    /// How many runs
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Draw how long each step of the sheet took in its last 20 runs, and tell what became slower or faster
    #[arg(long, requires = "sheet")]
    trend: bool,
    /// Of what the trend is told
    #[arg(long, value_name = "WHAT", default_value = "step", requires = "trend")]
    by: By,
    /// Only the trend on this host
    #[arg(long, value_name = "HOST", requires = "trend")]
    host: Option<String>,
    /// Make the history anew from the journals
    #[arg(long)]
    rebuild: bool,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
}

impl HistoryArgs {
    /// All runs of late.
    pub(crate) fn of_everything() -> Self {
        Self { sheet: None, limit: 20, trend: false, by: By::Step, host: None, rebuild: false, format: Format::Human }
    }
}

pub(crate) fn exec(args: &HistoryArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let mut past = History::open(&session.state()?)?;
    if args.rebuild {
        past.rebuild()?;
    }
    for skipped in past.skipped() {
        session.printer.alarm(&format!("warning: run {} is left out: {}\n", skipped.run, skipped.error));
    }
    let runs = past.runs(args.limit, args.sheet.as_deref())?;
    let steps = match &args.sheet {
        // The table of a trend has no place for them.
        Some(sheet) if !args.trend || args.format == Format::Json => {
            past.steps(sheet, if args.trend { TREND } else { LAST })?
        }
        _ => Vec::new(),
    };
    let trend = match &args.sheet {
        Some(sheet) if args.trend => past_trends(&mut past, sheet, TREND, args.by, args.host.as_deref(), session)?,
        _ => Vec::new(),
    };
    let palette = session.printer.out_palette(args.format);
    if args.format == Format::Json {
        let runs: Vec<Value> = runs.iter().map(run_json).collect();
        let steps: Vec<Value> = steps.iter().map(step_json).collect();
        let mut document = json!({"runs": runs, "steps": steps});
        if args.trend {
            document["trend"] = trend.iter().map(show_trend::json).collect();
        }
        session.printer.json(&document)?;
        return Ok(ExitStatus::Success);
    }
    if runs.is_empty() {
        session.printer.note("no runs yet\n");
        return Ok(ExitStatus::Success);
    }
    if args.trend {
        session.printer.data(&trends(args.by.word(), &trend, session.printer.width, &palette))?;
        return Ok(ExitStatus::Success);
    }
    let rows: Vec<_> = runs.iter().filter_map(row).collect();
    let mut text = history(&rows, session.printer.width, &palette);
    if !steps.is_empty() {
        let mut table =
            Table::new([Column::left("step"), Column::right("runs"), Column::right("usual"), Column::right("last")]);
        for step in &steps {
            let last = step.took.first().copied().map_or_else(String::new, format_duration);
            table.row([step.name.clone(), step.took.len().to_string(), format_duration(step.median()), last]);
        }
        text.push_str(&format!("\n{}", table.render(session.printer.width, &palette)));
    }
    session.printer.data(&text)?;
    Ok(ExitStatus::Success)
}

fn row(run: &PastRun) -> Option<HistoryRow> {
    let id: RunId = run.run.parse().ok()?;
    let totals = &run.totals;
    let good = totals.bad() == 0 && run.ended == "finished";
    let mut words: Vec<String> = [
        (totals.failed, "failed"),
        (totals.unreachable, "unreachable"),
        (totals.lost, "lost"),
        (totals.cancelled, "cancelled"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if run.ended != "finished" {
        words.push(run.ended.replace('_', " "));
    }
    Some(HistoryRow {
        run: id,
        when: when::local(run.started),
        sheet: run.sheet.clone(),
        steps: run.steps,
        hosts: run.hosts,
        result: if words.is_empty() { "ok".to_owned() } else { words.join(", ") },
        good,
        took: run.took,
    })
}

fn run_json(run: &PastRun) -> Value {
    json!({
        "run": run.run,
        "sheet": run.sheet,
        "command": run.command,
        "plan_hash": run.plan_hash,
        "user": run.user,
        "started": when::local(run.started),
        "took_ms": run.took.map(|took| took.as_millis()),
        "waited_ms": run.waited.as_millis(),
        "ended": run.ended,
        "steps": run.steps,
        "hosts": run.hosts,
        "totals": run.totals,
    })
}

fn step_json(step: &PastStep) -> Value {
    let ms: Vec<_> = step.took.iter().map(std::time::Duration::as_millis).collect();
    json!({"step": step.step, "name": step.name, "median_ms": step.median().as_millis(), "took_ms": ms})
}
