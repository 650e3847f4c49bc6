use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runsheet_events::StepTotals;
use runsheet_model::StepId;
use rusqlite::{Connection, Row, params};

/// A run of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Its id.
    pub run: String,
    /// Name of its sheet.
    pub sheet: String,
    /// The command that started it.
    pub command: String,
    /// Hash of its plan.
    pub plan_hash: String,
    /// Login name of who started it.
    pub user: String,
    /// When it began.
    pub started: SystemTime,
    /// How long it took, waiting for people included; `None` if its end is not on record.
    pub took: Option<Duration>,
    /// How long it waited for people, over all steps.
    pub waited: Duration,
    /// `finished`, `unfinished` (its end is not on record), or why it was stopped: `hosts_failed`, `person`, `interrupted`,
    /// `terminated`, `journal_failed`.
    pub ended: String,
    /// How many steps its plan has.
    pub steps: usize,
    /// How many different hosts its plan has.
    pub hosts: usize,
    /// Hosts of all steps, counted by how they ended.
    pub totals: StepTotals,
}

/// A step of a sheet, as it was in past runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastStep {
    /// Its id.
    pub step: String,
    /// Its title, in the newest of these runs.
    pub name: String,
    /// How long it took in machine time, newest first; never empty.
    pub took: Vec<Duration>,
    /// How long it waited for people in the same runs.
    pub waited: Vec<Duration>,
    /// On how many hosts it ended ok in the same runs; 0 for a manual step.
    pub hosts: Vec<usize>,
}

impl PastStep {
    /// The time that half of the runs stayed below.
    pub fn median(&self) -> Duration {
        median(&self.took)
    }
}

/// A host, as it was with a step in past runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastHost {
    /// Its name.
    pub host: String,
    /// In how many runs it ended ok.
    pub runs: usize,
    /// How long it took: half of those runs stayed below.
    pub median: Duration,
}

pub(crate) fn runs(connection: &Connection, limit: usize, sheet: Option<&str>) -> rusqlite::Result<Vec<PastRun>> {
    connection
        .prepare_cached(
            "SELECT run, sheet, command, plan_hash, user, started_ms, took_ms, waited_ms, ended, hosts,
                    (SELECT count(*) FROM steps WHERE steps.run = runs.id) AS steps,
                    changed, unchanged, failed, unreachable, lost, skipped, cancelled
             FROM runs WHERE ?1 IS NULL OR sheet = ?1 ORDER BY started_ms DESC, run DESC LIMIT ?2",
        )?
        .query_map(params![sheet, at_most(limit)], |row| {
            Ok(PastRun {
                run: row.get("run")?,
                sheet: row.get("sheet")?,
                command: row.get("command")?,
                plan_hash: row.get("plan_hash")?,
                user: row.get("user")?,
                started: UNIX_EPOCH + duration(row.get("started_ms")?),
                took: row.get::<_, Option<i64>>("took_ms")?.map(duration),
                waited: duration(row.get("waited_ms")?),
                ended: row.get("ended")?,
                steps: count(row, "steps")?,
                hosts: count(row, "hosts")?,
                totals: totals(row)?,
            })
        })?
        .collect()
}

pub(crate) fn steps(connection: &Connection, sheet: &str, last: usize) -> rusqlite::Result<Vec<PastStep>> {
    let mut query = connection.prepare_cached(
        "SELECT step, name, took_ms, waited_ms, changed + unchanged AS worked FROM (
             SELECT steps.*, started_ms,
                    row_number() OVER (PARTITION BY step ORDER BY started_ms DESC, runs.run DESC) AS age
             FROM steps JOIN runs ON runs.id = steps.run
             WHERE sheet = ?1 AND steps.took_ms IS NOT NULL
               AND steps.failed + steps.unreachable + steps.lost + steps.cancelled = 0
         ) WHERE age <= ?2 ORDER BY age, position",
    )?;
    let mut rows = query.query(params![sheet, at_most(last)])?;
    let mut steps: Vec<PastStep> = Vec::new();
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let step: String = row.get("step")?;
        let index = *by_id.entry(step.clone()).or_insert(steps.len());
        if index == steps.len() {
            steps.push(PastStep {
                step,
                name: row.get("name")?,
                took: Vec::new(),
                waited: Vec::new(),
                hosts: Vec::new(),
            });
        }
        steps[index].took.push(duration(row.get("took_ms")?));
        steps[index].waited.push(duration(row.get("waited_ms")?));
        steps[index].hosts.push(count(row, "worked")?);
    }
    Ok(steps)
}

pub(crate) fn slowest_hosts(
    connection: &Connection,
    sheet: &str,
    step: &StepId,
    last: usize,
    limit: usize,
) -> rusqlite::Result<Vec<PastHost>> {
    let mut query = connection.prepare_cached(
        "SELECT host, hosts.took_ms FROM hosts JOIN (
             SELECT steps.id FROM steps JOIN runs ON runs.id = steps.run
             WHERE sheet = ?1 AND step = ?2 ORDER BY started_ms DESC, runs.run DESC LIMIT ?3
         ) AS recent ON recent.id = hosts.step WHERE state = 'ok'",
    )?;
    let mut rows = query.query(params![sheet, step.as_str(), at_most(last)])?;
    let mut times: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        times.entry(row.get(0)?).or_default().push(duration(row.get(1)?));
    }
    let mut hosts: Vec<PastHost> =
        times.into_iter().map(|(host, times)| PastHost { host, runs: times.len(), median: median(&times) }).collect();
    hosts.sort_by_key(|host| Reverse(host.median));
    hosts.truncate(limit);
    Ok(hosts)
}

/// Reads the answer of `PRAGMA quick_check`.
pub(crate) fn is_sound(row: &Row<'_>) -> rusqlite::Result<()> {
    let answer: String = row.get(0)?;
    if answer == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(code, Some(answer)))
}

/// SQLite knows no unsigned numbers.
fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<usize> {
    Ok(usize::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

fn totals(row: &Row<'_>) -> rusqlite::Result<StepTotals> {
    let count = |column| count(row, column);
    Ok(StepTotals {
        changed: count("changed")?,
        unchanged: count("unchanged")?,
        failed: count("failed")?,
        unreachable: count("unreachable")?,
        lost: count("lost")?,
        skipped: count("skipped")?,
        cancelled: count("cancelled")?,
    })
}

/// The middle one, or half-way between the two in the middle; zero for none.
fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    match (times.get(times.len() / 2), times.get(times.len().wrapping_sub(1) / 2)) {
        (Some(&high), Some(&low)) => (low + high) / 2,
        _ => Duration::ZERO,
    }
}

pub(crate) fn duration(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

pub(crate) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
