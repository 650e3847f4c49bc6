use std::time::Duration;

use rusqlite::{Connection, params};

use crate::history_query::{at_most, duration};

/// How long something took in past runs of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastSeries {
    /// Name of the host or the task.
    pub name: String,
    /// Of each run in which it ended well, newest first; never empty.
    pub took: Vec<Duration>,
    /// The places of these runs among the last ones of the sheet: 0 is the newest.
    pub ages: Vec<usize>,
}

/// What all steps of a run together took on a host, where all of them ended well there.
pub(crate) fn hosts(connection: &Connection, sheet: &str, last: usize) -> rusqlite::Result<Vec<PastSeries>> {
    series(
        connection,
        "SELECT host, sum(hosts.took_ms), age FROM hosts
         JOIN steps ON steps.id = hosts.step
         JOIN (SELECT id, row_number() OVER (ORDER BY started_ms DESC, run DESC) - 1 AS age FROM runs WHERE sheet = ?1 AND command = 'run'
               ORDER BY started_ms DESC, run DESC LIMIT ?2) AS recent ON recent.id = steps.run
         GROUP BY host, recent.id HAVING min(state = 'ok')
         ORDER BY host, age",
        sheet,
        last,
    )
}

/// What a task took on a host of a run, half of them being below; the mean of it if several steps of the run did it.
pub(crate) fn tasks(connection: &Connection, sheet: &str, last: usize) -> rusqlite::Result<Vec<PastSeries>> {
    series(
        connection,
        "SELECT task, CAST(avg(median_ms) AS INTEGER), age FROM links
         JOIN steps ON steps.id = links.step
         JOIN (SELECT id, row_number() OVER (ORDER BY started_ms DESC, run DESC) - 1 AS age FROM runs WHERE sheet = ?1 AND command = 'run'
               ORDER BY started_ms DESC, run DESC LIMIT ?2) AS recent ON recent.id = steps.run
         GROUP BY task, recent.id
         ORDER BY task, age",
        sheet,
        last,
    )
}

fn series(connection: &Connection, query: &str, sheet: &str, last: usize) -> rusqlite::Result<Vec<PastSeries>> {
    let mut query = connection.prepare_cached(query)?;
    let mut rows = query.query(params![sheet, at_most(last)])?;
    let mut found: Vec<PastSeries> = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, took) = (row.get::<_, String>(0)?, duration(row.get(1)?));
        let age = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
        match found.last_mut().filter(|last| last.name == name) {
            Some(known) => {
                known.took.push(took);
                known.ages.push(age);
            }
            None => found.push(PastSeries { name, took: vec![took], ages: vec![age] }),
        }
    }
    Ok(found)
}
