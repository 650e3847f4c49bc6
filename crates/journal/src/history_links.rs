use std::time::Duration;

use rusqlite::{Connection, params};

use crate::history_query::{at_most, duration};

/// In how many of the newest runs a task is looked for: one that is not among them would be looked for in all there ever were.
const RUNS: usize = 200;

/// How long a task took in a step of a past run, over the hosts on which it ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastLink {
    /// Half of its hosts were below.
    pub median: Duration,
    /// How long the slowest of them took.
    pub longest: Duration,
    /// On how many hosts.
    pub hosts: usize,
}

pub(crate) fn links(connection: &Connection, task: &str, last: usize) -> rusqlite::Result<Vec<PastLink>> {
    // From the newest run on, so that it is over once enough are found.
    connection
        .prepare_cached(
            "SELECT median_ms, longest_ms, links.hosts
             FROM (SELECT id, started_ms, run FROM runs ORDER BY started_ms DESC, run DESC LIMIT ?3) AS recent
             CROSS JOIN steps ON steps.run = recent.id
             CROSS JOIN links ON links.step = steps.id
             WHERE task = ?1 ORDER BY started_ms DESC, recent.run DESC LIMIT ?2",
        )?
        .query_map(params![task, at_most(last), at_most(RUNS)], |row| {
            Ok(PastLink {
                median: duration(row.get(0)?),
                longest: duration(row.get(1)?),
                hosts: usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
            })
        })?
        .collect()
}
