use std::cmp::Reverse;
use std::time::Duration;

use anstyle::Style;
use runsheet_events::{HostResult, Prior, RunStats, StepStats};
use runsheet_model::{HostName, State, format_duration, plural, visible};

use crate::palette::paint;
use crate::wording::{numbered, one_line, reason, state, tasks, title};
use crate::{Column, RecapContext, Table, recap};

/// How many of a step's slowest hosts are named.
const SLOWEST: usize = 5;

/// What `show` needs to know beside the run itself.
#[derive(Clone, Copy, Debug)]
pub struct ShowContext<'a> {
    /// For the recap, which is the first part.
    pub recap: RecapContext<'a>,
    /// When the run started, as people of this place write it.
    pub when: Option<&'a str>,
    /// Whether each host of each step is listed.
    pub all_hosts: bool,
}

/// Shows a run again: who ran what and when, its recap, and for each step its slowest hosts, or all of them.
pub fn show(run: &Prior, context: &ShowContext<'_>) -> String {
    let stats = &run.stats;
    let mut text = String::new();
    if let Some(header) = &stats.header {
        let mut facts = Table::new([Column::left(""), Column::left("")]);
        facts.row(["run", &header.run.to_string()]);
        facts.row(["command", &header.command]);
        if let Some(when) = context.when {
            facts.row(["started", when]);
        }
        facts.row(["by", &format!("{} on {}", header.user, header.machine)]);
        facts.row(["plan", &header.plan_hash]);
        facts.row(["runsheet", &header.version]);
        if header.epoch > 1 {
            facts.row(["resumed", &plural((header.epoch - 1) as usize, "time")]);
        }
        text.push_str(&facts.render(None, &context.recap.palette));
        text.push('\n');
    }
    text.push_str(&recap(stats, &context.recap));
    for (index, step) in stats.steps.iter().enumerate() {
        let ended: Vec<_> = run.ended(&step.planned.step).collect();
        let hosts = listed(&ended, context.all_hosts);
        if !hosts.is_empty() {
            text.push('\n');
            text.push_str(&heading(stats, index, step, &ended, context));
            text.push_str(&table(&hosts, context));
        }
    }
    text
}

/// A host and how a step ended there.
type Ended<'a> = (&'a HostName, &'a HostResult);

fn heading(stats: &RunStats, index: usize, step: &StepStats, ended: &[Ended<'_>], context: &ShowContext<'_>) -> String {
    let mut line = format!(
        "step {}  {}  {}",
        numbered(index, stats),
        paint(context.recap.palette.strong, &title(&step.planned)),
        tasks(&step.planned.tasks)
    );
    if let Some(owner) = &step.planned.owner {
        line.push_str(&format!("  owner {}", one_line(owner)));
    }
    let worked = ended.iter().filter(|(_, result)| worked_on(result));
    let mut times: Vec<Duration> = worked.map(|(_, result)| result.took).collect();
    times.sort_unstable();
    if let (Some(median), Some(longest)) = (times.get(times.len() / 2), times.last())
        && times.len() > 1
    {
        line.push_str(&format!("  median {}, longest {}", format_duration(*median), format_duration(*longest)));
    }
    line.push('\n');
    line
}

/// Whether anything was done for a host, so that its time means something.
fn worked_on(result: &HostResult) -> bool {
    !matches!(result.state, State::Skipped | State::Cancelled)
}

/// The hosts to be listed: all by name, or those that took longest.
fn listed<'a>(ended: &[Ended<'a>], all: bool) -> Vec<Ended<'a>> {
    if all {
        return ended.to_vec();
    }
    let mut hosts: Vec<_> = ended.iter().copied().filter(|(_, result)| worked_on(result)).collect();
    hosts.sort_by_key(|(_, result)| Reverse(result.took));
    hosts.truncate(SLOWEST);
    hosts
}

fn table(hosts: &[Ended<'_>], context: &ShowContext<'_>) -> String {
    let palette = &context.recap.palette;
    let mut table = Table::new([
        Column::left(if context.all_hosts { "host" } else { "slowest" }),
        Column::whole("result"),
        Column::right("took"),
        Column::left("message"),
    ])
    .indent(2);
    for (host, result) in hosts {
        let style = if result.state.is_good() { palette.good } else { palette.bad };
        table.styled_row([
            (visible(host.as_str().as_bytes()), Style::new()),
            (state(&result.state).to_owned(), style),
            (format_duration(result.took), Style::new()),
            (reason(result), Style::new()),
        ]);
    }
    table.render(context.recap.width, palette)
}
