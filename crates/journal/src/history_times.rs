use std::time::Duration;

use rusqlite::{Connection, params};

use crate::history_query::{at_most, duration};

/// How long a step took on a host in past runs of its sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTimes {
    /// The step's id.
    pub step: String,
    /// The host's name.
    pub host: String,
    /// How long it took, newest run first; connecting is no part of it.
    pub took: Vec<Duration>,
}

pub(crate) fn times(connection: &Connection, sheet: &str, last: usize) -> rusqlite::Result<Vec<PastTimes>> {
    let mut query = connection.prepare_cached(
        "SELECT steps.step, host, hosts.took_ms FROM hosts
         JOIN steps ON steps.id = hosts.step
         JOIN (SELECT id, started_ms, run FROM runs WHERE sheet = ?1 AND command = 'run'
               ORDER BY started_ms DESC, run DESC LIMIT ?2) AS recent ON recent.id = steps.run
         WHERE state = 'ok'
         ORDER BY steps.step, host, started_ms DESC, recent.run DESC",
    )?;
    let mut rows = query.query(params![sheet, at_most(last)])?;
    let mut times: Vec<PastTimes> = Vec::new();
    while let Some(row) = rows.next()? {
        let (step, host): (String, String) = (row.get(0)?, row.get(1)?);
        let took = duration(row.get(2)?);
        match times.last_mut().filter(|last| last.step == step && last.host == host) {
            Some(known) => known.took.push(took),
            None => times.push(PastTimes { step, host, took: vec![took] }),
        }
    }
    Ok(times)
}
