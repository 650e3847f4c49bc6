use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runsheet_events::{CancelReason, Prior, RunStats, StepStats};
use runsheet_forecast::Usual;
use runsheet_model::{State, TaskName};
use rusqlite::{Connection, TransactionBehavior, params};

/// How much of a host's message is kept, in characters.
const LONGEST_MESSAGE: usize = 200;

/// Adds a run, or puts it in the place of what is known of it: all of it, or nothing.
pub(crate) fn add(connection: &mut Connection, seen: &Prior, started: SystemTime) -> rusqlite::Result<()> {
    let stats = &seen.stats;
    let Some(header) = &stats.header else {
        return Ok(());
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("DELETE FROM runs WHERE run = ?", [header.run.to_string()])?;
    let totals = stats.totals();
    let waited = stats.steps.iter().map(|step| step.waited).sum();
    transaction.execute(
        "INSERT INTO runs (run, sheet, command, plan_hash, user, started_ms, took_ms, waited_ms, ended, hosts,
                           changed, unchanged, failed, unreachable, lost, skipped, cancelled)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            header.run.to_string(),
            header.sheet,
            header.command,
            header.plan_hash,
            header.user,
            ms(started.duration_since(UNIX_EPOCH).unwrap_or_default()),
            stats.took.map(ms),
            ms(waited),
            ended(stats),
            number(header.hosts),
            number(totals.changed),
            number(totals.unchanged),
            number(totals.failed),
            number(totals.unreachable),
            number(totals.lost),
            number(totals.skipped),
            number(totals.cancelled),
        ],
    )?;
    let run = transaction.last_insert_rowid();
    {
        let mut add_step = transaction.prepare(
            "INSERT INTO steps (run, position, step, name, tasks, took_ms, waited_ms, expect_ms, hosts,
                                changed, unchanged, failed, unreachable, lost, skipped, cancelled)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let mut add_host = transaction
            .prepare("INSERT INTO hosts (step, host, state, changed, took_ms, message) VALUES (?, ?, ?, ?, ?, ?)")?;
        let mut add_link = transaction
            .prepare("INSERT INTO links (step, link, task, hosts, median_ms, longest_ms) VALUES (?, ?, ?, ?, ?, ?)")?;
        for (position, step) in stats.steps.iter().enumerate() {
            let tasks: Vec<&str> = step.planned.tasks.iter().map(TaskName::as_str).collect();
            add_step.execute(params![
                run,
                number(position),
                step.planned.step.as_str(),
                step.planned.name,
                tasks.join(" "),
                step.took.map(ms),
                ms(step.waited),
                step.planned.expect_ms.map(number),
                number(step.planned.hosts),
                number(step.totals.changed),
                number(step.totals.unchanged),
                number(step.totals.failed),
                number(step.totals.unreachable),
                number(step.totals.lost),
                number(step.totals.skipped),
                number(step.totals.cancelled),
            ])?;
            let id = transaction.last_insert_rowid();
            for (host, result) in seen.ended(&step.planned.step) {
                let message = result.outcome.message.lines().next().unwrap_or_default();
                let message: String = message.chars().take(LONGEST_MESSAGE).collect();
                add_host.execute(params![
                    id,
                    host.as_str(),
                    state(&result.state),
                    matches!(result.state, State::Ok { changed: true }),
                    ms(result.took),
                    message,
                ])?;
            }
            for (link, task) in step.planned.tasks.iter().enumerate() {
                let times = link_times(seen, step, link);
                if let (Some(median), Some(longest)) = (median(&times), times.iter().max()) {
                    let of_hosts = number(times.len());
                    add_link.execute(params![id, number(link), task.as_str(), of_hosts, ms(median), ms(*longest)])?;
                }
            }
        }
    }
    transaction.commit()
}

/// How long a link of a step's chain took on each host on which it ended well.
fn link_times(seen: &Prior, step: &StepStats, link: usize) -> Vec<Duration> {
    let Ok(link) = u32::try_from(link) else { return Vec::new() };
    let step = &step.planned.step;
    let took = |host| {
        let ended = seen.host(step, host)?.link(link)?.ended.as_ref()?;
        matches!(ended.state, State::Ok { .. }).then_some(ended.took)
    };
    seen.ended(step).filter_map(|(host, _)| took(host)).collect()
}

/// How a run ended, in one word.
fn ended(stats: &RunStats) -> &'static str {
    match (stats.took, stats.cancelled.first()) {
        (None, _) => "unfinished",
        (Some(_), None) => "finished",
        (Some(_), Some(reason)) => match reason {
            CancelReason::HostsFailed { .. } => "hosts_failed",
            CancelReason::Person { .. } => "person",
            CancelReason::FileNotMade { .. } => "file_not_made",
            CancelReason::Interrupted { .. } => "interrupted",
            CancelReason::Terminated => "terminated",
            CancelReason::HostsLocked { .. } => "locked",
            CancelReason::LockLost { .. } => "lock_lost",
            CancelReason::JournalFailed { .. } => "journal_failed",
        },
    }
}

fn state(state: &State) -> &'static str {
    match state {
        State::Ok { .. } => "ok",
        State::Failed { .. } => "failed",
        State::Unreachable(_) => "unreachable",
        State::Lost { .. } => "lost",
        State::Skipped => "skipped",
        State::Cancelled => "cancelled",
    }
}

fn median(times: &[Duration]) -> Option<Duration> {
    Usual::of(times).map(|usual| usual.median)
}

fn ms(duration: Duration) -> i64 {
    number(duration.as_millis())
}

/// SQLite knows no unsigned numbers.
fn number(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
