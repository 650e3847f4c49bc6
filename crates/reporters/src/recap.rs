use std::collections::BTreeMap;
use std::time::Duration;

use anstyle::Style;
use runsheet_events::{CancelReason, Group, RunStats, StepStats, Trouble, groups};
use runsheet_model::{HostName, format_chosen_duration, format_duration, plural, visible};

use crate::palette::paint;
use crate::wording::{cancelled, first_line, is_sheet, one_line, run_word, title, took_longer, totals};
use crate::{Column, Findings, Fold, Palette, Table};

/// How many different ways to fail are told in their own words; the hosts of the others are named together.
const WORDINGS: usize = 20;

/// What a recap needs to know beside the run itself.
#[derive(Clone, Copy, Debug)]
pub struct RecapContext<'a> {
    /// Its colours.
    pub palette: Palette,
    /// How lists of hosts are written.
    pub fold: Fold,
    /// The width of the terminal, if it is one: the table of steps is cut to it. Names of hosts never are.
    pub width: Option<usize>,
    /// What else came up.
    pub findings: &'a Findings,
    /// Where the full output of hosts is kept.
    pub output: Option<&'a str>,
    /// Whether the run has ended this moment. Then the command that shows it again is told as well.
    pub just_ended: bool,
}

/// Sums a run up, for its end and for `runsheet show`: steps with planned and actual times, the hosts that did not end well
/// folded by what they said, what would help, what is still open, and what to type next.
pub fn recap(stats: &RunStats, context: &RecapContext<'_>) -> String {
    let groups = groups(stats);
    let mut text = headline(stats, &context.palette);
    if stats.header.as_ref().is_some_and(is_sheet) || stats.steps.len() > 1 {
        text.push_str(&steps(stats, context));
    }
    text.push_str(&forecast_error(stats));
    for longer in &stats.longer {
        text.push_str(&paint(context.palette.warn, &format!("longer than usual: {}", took_longer(longer, stats))));
        text.push('\n');
    }
    for trouble in Trouble::ALL {
        text.push_str(&troubled(stats, trouble, &groups, context));
    }
    for reason in last_words(&stats.cancelled) {
        text.push_str(&format!("stopped: {}\n", cancelled(reason, stats)));
    }
    text.push_str(&still_open(stats, context));
    if !context.findings.learned.is_empty() {
        let hosts = folded(context.findings.learned.iter().map(HostName::as_str), context.fold);
        text.push_str(&format!("host keys put on record: {hosts}\n"));
    }
    text.push_str(&hints(&groups, context));
    if let Some(output) = context.output {
        text.push_str(&format!("full output: {}\n", one_line(output)));
    }
    text.push_str(&next(stats, context));
    text
}

/// How a run ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    Failed,
    Stopped,
    Unfinished,
}

impl Verdict {
    pub(crate) fn of(stats: &RunStats) -> Self {
        if stats.totals().bad() > 0 {
            Self::Failed
        } else if !stats.cancelled.is_empty() {
            Self::Stopped
        } else if stats.took.is_none() {
            Self::Unfinished
        } else {
            Self::Ok
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Unfinished => "not over",
        }
    }

    fn style(self, palette: &Palette) -> Style {
        match self {
            Self::Ok => palette.good,
            Self::Failed => palette.bad,
            Self::Stopped | Self::Unfinished => palette.warn,
        }
    }
}

fn headline(stats: &RunStats, palette: &Palette) -> String {
    let verdict = Verdict::of(stats);
    let word = paint(verdict.style(palette), verdict.word());
    let took = format_duration(stats.took.unwrap_or(stats.elapsed));
    match &stats.header {
        Some(header) => format!(
            "{} {}  {}  {word}: {}  in {took}\n",
            run_word(header),
            header.run.short(),
            paint(palette.strong, &first_line(&header.sheet)),
            totals(&stats.totals())
        ),
        None => format!("{word}: nothing was run\n"),
    }
}

fn steps(stats: &RunStats, context: &RecapContext<'_>) -> String {
    let palette = &context.palette;
    let mut table = Table::new([
        Column::right(""),
        Column::left("step"),
        Column::whole("result"),
        Column::right("planned"),
        Column::right("forecast"),
        Column::right("took"),
    ])
    .indent(2);
    let is_forecast = stats.steps.iter().any(|step| step.planned.forecast_ms.is_some());
    let is_told = |step: &StepStats| step.planned.undoes.is_none() || step.started.is_some();
    for (index, step) in stats.steps.iter().enumerate().filter(|(_, step)| is_told(step)) {
        let (result, style) = result(step, palette);
        let planned = step.planned.expect_ms.map(Duration::from_millis);
        let forecast = match step.planned.forecast_ms {
            Some(ms) => format_duration(Duration::from_millis(ms)),
            None if is_forecast => "-".to_owned(),
            None => String::new(),
        };
        let late = planned.zip(step.took).is_some_and(|(planned, took)| took > planned);
        table.styled_row([
            ((index + 1).to_string(), palette.faint),
            (title(&step.planned), Style::new()),
            (result, style),
            (planned.map_or_else(|| "-".to_owned(), format_chosen_duration), Style::new()),
            (forecast, Style::new()),
            (step.took.map_or_else(|| "-".to_owned(), format_duration), if late { palette.warn } else { Style::new() }),
        ]);
    }
    table.without_empty_columns().render(context.width, palette)
}

/// How far off it was when the run was foreseen to end; nothing of a run that did not go through in one go.
fn forecast_error(stats: &RunStats) -> String {
    let (Some(header), Some(took)) = (&stats.header, stats.took) else { return String::new() };
    let Some(forecast) = header.forecast.filter(|_| header.epoch <= 1 && Verdict::of(stats) == Verdict::Ok) else {
        return String::new();
    };
    let people = |waited: Duration| match waited {
        Duration::ZERO => String::new(),
        waited => format!(" ({} of it waiting for people)", format_duration(waited)),
    };
    let total = forecast.took.saturating_add(forecast.waited);
    let waited = stats.steps.iter().fold(Duration::ZERO, |sum, step| sum.saturating_add(step.waited));
    let least = if forecast.unknown > 0 { "at least " } else { "" };
    let off = took.abs_diff(total);
    let way = if took < total { "shorter" } else { "longer" };
    let share = (off.as_secs_f64() / total.as_secs_f64().max(0.001) * 100.0).round();
    format!(
        "forecast as it began: {least}{}{}; it took {}{}: {} {way}, {share} %\n",
        format_duration(total),
        people(forecast.waited),
        format_duration(took),
        people(waited),
        format_duration(off),
    )
}

/// How a step ended, in words.
fn result(step: &StepStats, palette: &Palette) -> (String, Style) {
    let sum = &step.totals;
    let mut words = match (step.started, step.took) {
        (None, _) if sum.all() == 0 => return ("not started".to_owned(), palette.warn),
        (_, Some(_)) if step.planned.tasks.is_empty() => "over".to_owned(),
        _ => totals(sum),
    };
    if step.started.is_some() && step.took.is_none() {
        words.push_str(&match step.running.len() {
            0 => ", not over".to_owned(),
            running => format!(", {running} not over"),
        });
    }
    if !step.waited.is_zero() {
        words.push_str(&format!(", waited {} for a person", format_duration(step.waited)));
    }
    if step.not_made {
        words.push_str(", file not made");
        return (words, palette.bad);
    }
    let style = match (sum.bad(), sum.cancelled, step.took) {
        (0, 0, Some(_)) => palette.good,
        (0, ..) => palette.warn,
        _ => palette.bad,
    };
    (words, style)
}

/// Hosts that ended in one way: a heading, and a line for each group.
fn troubled(stats: &RunStats, trouble: Trouble, groups: &[Group<'_>], context: &RecapContext<'_>) -> String {
    let groups: Vec<_> = groups.iter().filter(|group| group.trouble == trouble).collect();
    if groups.is_empty() {
        return String::new();
    }
    let style = match trouble {
        Trouble::Cancelled => context.palette.warn,
        _ => context.palette.bad,
    };
    let all: Vec<&str> = groups.iter().flat_map(|group| group.hosts.iter().copied()).collect();
    let mut names = all.clone();
    names.sort_unstable();
    names.dedup();
    let heading = format!("{} on {}", trouble.word(), plural(names.len(), "host"));
    let mut text = format!("{}\n", paint(style, &heading));
    let many_steps = stats.steps.len() > 1;
    for group in groups.iter().take(WORDINGS) {
        let mut said = Vec::new();
        if many_steps && let Some(step) = stats.steps.get(group.step) {
            said.push(title(&step.planned));
        }
        if !group.line.is_empty() {
            said.push(group.line.clone());
        }
        text.push_str(&format!("  {}", folded(group.hosts.iter().copied(), context.fold)));
        if !said.is_empty() {
            text.push_str(&format!("  {}", said.join(": ")));
        }
        text.push('\n');
    }
    if let Some(rest) = groups.get(WORDINGS..).filter(|rest| !rest.is_empty()) {
        let mut hosts: Vec<&str> = rest.iter().flat_map(|group| group.hosts.iter().copied()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let hosts = folded(hosts.into_iter(), context.fold);
        text.push_str(&format!("  {hosts}  in {} more ways\n", rest.len()));
    }
    text
}

fn still_open(stats: &RunStats, context: &RecapContext<'_>) -> String {
    let mut hosts_by_debt: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (host, debts) in &stats.debts {
        for debt in debts {
            hosts_by_debt.entry(&debt.0).or_default().push(host.as_str());
        }
    }
    let mut text = String::new();
    for (debt, mut hosts) in hosts_by_debt {
        hosts.dedup();
        let line = format!("still open: {} on {}", first_line(debt), folded(hosts.into_iter(), context.fold));
        text.push_str(&paint(context.palette.warn, &line));
        text.push('\n');
    }
    text
}

fn hints(groups: &[Group<'_>], context: &RecapContext<'_>) -> String {
    let mut hints: Vec<String> = Vec::new();
    for hint in groups.iter().flat_map(|group| &group.hints) {
        if !hints.contains(hint) {
            hints.push(hint.clone());
        }
    }
    if hints.len() > WORDINGS {
        let more = hints.len() - WORDINGS;
        hints.truncate(WORDINGS);
        hints.push(format!("{more} more with the hosts they are for, in the run's record"));
    }
    if !context.findings.leaked.is_empty() {
        let hosts = folded(context.findings.leaked.iter().map(HostName::as_str), context.fold);
        hints.push(format!(
            "a command left a process behind that held its output open on {hosts}; start it with `</dev/null >log 2>&1 &`"
        ));
    }
    let word = paint(context.palette.strong, "hint");
    let mut text = String::new();
    for hint in hints {
        text.push_str(&format!("{word}: {hint}\n"));
    }
    text
}

/// The reasons for which nothing new was started; of several interrupts the last, which counts them.
fn last_words(reasons: &[CancelReason]) -> impl Iterator<Item = &CancelReason> {
    let interrupt = |reason: &CancelReason| matches!(reason, CancelReason::Interrupted { .. });
    let last = reasons.iter().rposition(interrupt);
    reasons
        .iter()
        .enumerate()
        .filter(move |&(index, reason)| !interrupt(reason) || Some(index) == last)
        .map(|(_, it)| it)
}

fn next(stats: &RunStats, context: &RecapContext<'_>) -> String {
    match &stats.header {
        Some(header) if context.just_ended && context.output.is_some() => {
            let run = header.run.short();
            let is_left = header.command == "run" && Verdict::of(stats) != Verdict::Ok;
            let go_on = if is_left { format!("to go on with it: runsheet resume {run}\n") } else { String::new() };
            format!("to see it again: runsheet show {run}\n{go_on}")
        }
        _ => String::new(),
    }
}

/// `web[1-3] (3)`.
pub(crate) fn folded<'a>(hosts: impl Iterator<Item = &'a str>, fold: Fold) -> String {
    let hosts: Vec<&str> = hosts.collect();
    let names = visible(fold(&hosts).as_bytes());
    match hosts.len() {
        0 | 1 => names,
        count => format!("{names} ({count})"),
    }
}
