//! Apply migrations to a database of a MySQL or MariaDB.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{CLIENT, Mysql, in_words, literal, mysql_args};
use crate::database::{Migrations, PRIVATE, Recorded, all_applied, migration_args, named, table};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("mysql-migrate", &[PRIVATE, CLIENT, include_str!("migrate.sh")]);
const RECORDS: HostScript = HostScript::new("mysql-records", &[PRIVATE, CLIENT, include_str!("records.sh")]);

/// The records of one database.
struct Records<'a> {
    mysql: &'a Mysql<'a>,
    table: &'a str,
    /// What is set in every session before.
    set: String,
}

/// What is recorded.
struct State {
    done: Vec<Recorded>,
    /// Files that were begun and are not done: their names, and since when.
    half: Vec<(String, String)>,
}

pub(crate) fn spec() -> TaskSpec {
    let spec = mysql_args(TaskSpec::new("mysql.migrate", "Applies migrations to a database of a MySQL or MariaDB."));
    migration_args(spec)
        .details(
            "The files `NUMBER….sql` of a folder of the project are applied once each, in the order of their numbers. A lock of the \
             server (`GET_LOCK`) sees to it that two runs, or two hosts with the same database, do this one after the other; the second \
             finds the work done. The first file that fails ends it, and those before it stay applied.\n\n\
             **What changes tables themselves cannot be undone in MySQL and MariaDB**: a file that fails half-way stays half applied. So a \
             file is recorded when it is begun and again when it is done, and one that was begun and not done, by a mistake in it or \
             by a connection that was lost, is a failure of every later run until a person has looked at it: set its `done_at` in the \
             table, or remove its row to have it run again. Files with one such statement each are the least trouble. A file that \
             changes only rows of InnoDB tables is one transaction, and of one that failed nothing is left but its record.\n\n\
             A file that was changed after it was applied is a failure that names it, and so is one that comes before another that was \
             applied already, unless `out_of_order` is true. Either way nothing is applied. Files that were applied once and are not in \
             the folder are noted.\n\n\
             The folder is part of the plan: a file that changes after planning is not applied. Files are run by the client, each at most \
             4 MiB. How the password is handed over is as with `mysql.ping`.",
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mysql = Mysql::on(host, config)?;
    let table = table(config)?;
    let migrations = Migrations::of(&config.local_folder("source")?)?;
    let records = Records::of(&mysql, table, config.duration("wait")?.as_millis().div_ceil(1000).max(1));
    let before = records.read().await?;
    if let Some(failed) = before.half_applied(table) {
        return Ok(failed);
    }
    let pending = migrations.pending(&before.done, config.boolean("out_of_order")?, host).await?;
    let database = mysql.database;
    if pending.is_empty() {
        return Ok(Outcome::unchanged(format!("all {} files are applied to `{database}`", migrations.len())));
    }
    let names: Vec<_> = pending.iter().map(|file| file.name.as_str()).collect();
    host.would(format!("apply {} to database `{database}`", named(&names)))?;
    let mut applied = Vec::new();
    for file in &pending {
        let set = format!(
            "{}, autocommit = 0, @runsheet_name = {}, @runsheet_sha256 = {}",
            records.set,
            literal(&file.name),
            literal(&file.sha256)
        );
        let done = host.log_run(mysql.command(&SCRIPT, &[&mysql.table(table), &set], &file.text)).await?;
        if done.is_ok() {
            applied.push(file.name.as_str());
            continue;
        }
        let now = records.read().await?;
        // Another run may have been faster.
        let same =
            |recorded: &Recorded| recorded.name == file.name && recorded.sha256.eq_ignore_ascii_case(&file.sha256);
        if now.done.iter().any(same) {
            continue;
        }
        let mut message = format!("`{}`: {}", file.name, in_words(&done.message, 1));
        if now.half.iter().any(|(name, _)| *name == file.name) {
            message.push_str("\nit may be half applied, and stays recorded as begun");
        }
        if !applied.is_empty() {
            message.push_str(&format!("\nbefore it were applied: {}", named(&applied)));
        }
        return Ok(Outcome::failed(message, done.value));
    }
    Ok(all_applied(database, &migrations, &pending, &applied))
}

impl<'a> Records<'a> {
    fn of(mysql: &'a Mysql<'a>, table: &'a str, wait_s: u128) -> Self {
        // The name of a lock is one for all of the server, and short.
        let whole = literal(&format!("{}.{table}", mysql.database));
        let lock = format!("CONCAT('runsheet ', MD5({whole}))");
        let name = literal(table);
        let set = format!("SET @runsheet_lock = {lock}, @runsheet_wait = {wait_s}, @runsheet_table = {name}");
        Self { mysql, table, set }
    }

    /// What is recorded, once no other run is applying a file.
    async fn read(&self) -> Result<State, Early> {
        let table = self.mysql.table(self.table);
        let said = self.mysql.host.run(self.mysql.command(&RECORDS, &[&table, &self.set], b"")).await?;
        if !said.ok() {
            return Err(Outcome::failed(self.mysql.complaint(&said.complaint()), said.code()).into());
        }
        let no_records = || TaskError::failed(format!("table `{}` does not hold records of migrations", self.table));
        Ok(State::read(&said.stdout).ok_or_else(no_records)?)
    }
}

impl State {
    /// Reads lines of `SHA256 STATE NAME`, with tabulators between.
    fn read(text: &str) -> Option<Self> {
        let (mut done, mut half) = (Vec::new(), Vec::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (sha256, rest) = line.split_once('\t')?;
            let (state, name) = rest.split_once('\t')?;
            match state {
                "done" => done.push(Recorded { name: name.to_owned(), sha256: sha256.to_owned() }),
                since => half.push((name.to_owned(), since.to_owned())),
            }
        }
        Some(Self { done, half })
    }

    /// That a file was begun and is not done; nothing if none is.
    fn half_applied(&self, table: &str) -> Option<Outcome> {
        let (name, since) = self.half.first()?;
        Some(Outcome::failed(
            format!(
                "`{name}` was begun at {since} and is not done: it may be half applied. Nothing was applied. Look at what it has done, \
                 then set its `done_at` in `{table}`, or remove its row to have it run again"
            ),
            1,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_is_not_done_is_told() {
        let state = State::read("aa\tdone\t1.sql\nbb\t2026-01-02 03:04:05.6\t2 x.sql\n").expect("records");
        assert_eq!(state.done, [Recorded { name: "1.sql".to_owned(), sha256: "aa".to_owned() }]);
        let failed = state.half_applied("t").expect("a failure");
        assert!(failed.message.starts_with("`2 x.sql` was begun at 2026-01-02 03:04:05.6"), "{failed:?}");
        assert!(State::read("").is_some_and(|state| state.half_applied("t").is_none()));
        assert!(State::read("aa done 1.sql").is_none());
    }
}
