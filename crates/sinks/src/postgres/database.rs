use std::collections::BTreeMap;
use std::time::SystemTime;

use runsheet_events::RunHeader;
use runsheet_model::RunId;
use tokio_postgres::{Client, Error};

use super::row::{Key, Row};

/// The columns behind the key, with their types, in the order in which they are given.
const COLUMNS: [(&str, &str); 17] = [
    ("seq", "bigint"),
    ("sheet", "text"),
    ("command", "text"),
    ("started_by", "text"),
    ("machine", "text"),
    ("name", "text"),
    ("task", "text"),
    ("owner", "text"),
    ("state", "text"),
    ("changed", "boolean"),
    ("started_at", "timestamptz"),
    ("ended_at", "timestamptz"),
    ("took_ms", "bigint"),
    ("waited_ms", "bigint"),
    ("expect_ms", "bigint"),
    ("forecast_ms", "bigint"),
    ("message", "text"),
];

/// The columns of the key, with their types.
const KEY: [(&str, &str); 6] = [
    ("run", "uuid"),
    ("kind", "text"),
    ("step", "text"),
    ("host", "text"),
    ("link", "integer"),
    ("attempt", "integer"),
];

/// Makes the table if it is missing.
pub(super) async fn prepare(client: &Client, table: &str) -> Result<(), Error> {
    let there = client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&table]).await?;
    if there.try_get(0)? {
        return Ok(());
    }
    let key = KEY.map(|(name, of)| format!("{name} {of} NOT NULL")).join(", ");
    let columns = COLUMNS.map(|(name, of)| format!("{name} {of}")).join(", ");
    let names = KEY.map(|(name, _)| name).join(", ");
    client.batch_execute(&format!("CREATE TABLE {table} ({key}, {columns}, PRIMARY KEY ({names}))")).await
}

/// Writes rows in one statement, and so in one transaction. A row that is there of a later event stays.
pub(super) async fn write(
    client: &Client,
    table: &str,
    run: RunId,
    header: &RunHeader,
    rows: BTreeMap<Key, Row>,
) -> Result<(), Error> {
    let columns = Columns::of(rows);
    let statement = statement(table);
    let run = run.to_string();
    client
        .execute(
            &statement,
            &[
                &run,
                &columns.kind,
                &columns.step,
                &columns.host,
                &columns.link,
                &columns.attempt,
                &columns.seq,
                &plain(&header.sheet),
                &plain(&header.command),
                &plain(&header.user),
                &plain(&header.machine),
                &columns.name,
                &columns.task,
                &columns.owner,
                &columns.state,
                &columns.changed,
                &columns.started,
                &columns.ended,
                &columns.took,
                &columns.waited,
                &columns.expected,
                &columns.forecast,
                &columns.message,
            ],
        )
        .await
        .map(drop)
}

fn statement(table: &str) -> String {
    let names = KEY.iter().chain(&COLUMNS).map(|(name, _)| *name).collect::<Vec<_>>();
    // What is the same in all rows is given once; all else as one list a column.
    let once = |name: &str| ["run", "sheet", "command", "started_by", "machine"].contains(&name);
    let mut chosen = Vec::new();
    let mut lists = Vec::new();
    for (index, (name, of)) in KEY.iter().chain(&COLUMNS).enumerate() {
        let number = index + 1;
        if once(name) {
            let text = if *of == "uuid" { "::text::uuid" } else { "::text" };
            chosen.push(format!("${number}{text}"));
        } else {
            chosen.push(format!("r.{name}"));
            lists.push((format!("${number}::{of}[]"), *name));
        }
    }
    let values = lists.iter().map(|(value, _)| value.as_str()).collect::<Vec<_>>().join(", ");
    let listed = lists.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
    let key = KEY.map(|(name, _)| name).join(", ");
    let changes = COLUMNS
        .map(|(name, _)| match name {
            // The end of something does not say when it began.
            "started_at" => "started_at = coalesce(excluded.started_at, t.started_at)".to_owned(),
            name => format!("{name} = excluded.{name}"),
        })
        .join(", ");
    format!(
        "INSERT INTO {table} AS t ({names}) SELECT {chosen} FROM unnest({values}) AS r({listed}) \
         ON CONFLICT ({key}) DO UPDATE SET {changes} WHERE excluded.seq >= t.seq",
        names = names.join(", "),
        chosen = chosen.join(", "),
    )
}

/// Rows, turned: a list for each column.
#[derive(Default)]
struct Columns {
    kind: Vec<&'static str>,
    step: Vec<String>,
    host: Vec<String>,
    link: Vec<i32>,
    attempt: Vec<i32>,
    seq: Vec<i64>,
    name: Vec<Option<String>>,
    task: Vec<Option<String>>,
    owner: Vec<Option<String>>,
    state: Vec<&'static str>,
    changed: Vec<Option<bool>>,
    started: Vec<Option<SystemTime>>,
    ended: Vec<Option<SystemTime>>,
    took: Vec<Option<i64>>,
    waited: Vec<Option<i64>>,
    expected: Vec<Option<i64>>,
    forecast: Vec<Option<i64>>,
    message: Vec<Option<String>>,
}

impl Columns {
    fn of(rows: BTreeMap<Key, Row>) -> Self {
        let mut columns = Self::default();
        for (key, row) in rows {
            columns.kind.push(key.kind);
            columns.step.push(key.step);
            columns.host.push(key.host);
            columns.link.push(key.link);
            columns.attempt.push(key.attempt);
            columns.seq.push(row.seq);
            columns.name.push(row.name.as_deref().map(plain));
            columns.task.push(row.task);
            columns.owner.push(row.owner.as_deref().map(plain));
            columns.state.push(row.state);
            columns.changed.push(row.changed);
            columns.started.push(row.started);
            columns.ended.push(row.ended);
            columns.took.push(row.took);
            columns.waited.push(row.waited);
            columns.expected.push(row.expected);
            columns.forecast.push(row.forecast);
            columns.message.push(row.message.as_deref().map(plain));
        }
        columns
    }
}

/// PostgreSQL takes no NUL in a text.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
