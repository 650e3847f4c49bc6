//! Apply migrations to a database of a PostgreSQL.

use runsheet_task::{Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{CLIENT, Postgres, in_words, postgres_args};
use crate::database::{Migrations, PRIVATE, Recorded, all_applied, migration_args, named, table};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("postgres-migrate", &[PRIVATE, CLIENT, include_str!("migrate.sh")]);

/// The files that are recorded, `SHA256|NAME` a line.
const QUESTION: &str = "SELECT to_regclass(:'runsheet_table') IS NOT NULL AS runsheet_there \\gset
\\if :runsheet_there
SELECT sha256, name FROM :\"runsheet_table\" ORDER BY name;
\\endif
";

pub(crate) fn spec() -> TaskSpec {
    let spec = postgres_args(TaskSpec::new("postgres.migrate", "Applies migrations to a database of a PostgreSQL."));
    migration_args(spec)
        .details(
            "The files `NUMBER….sql` of a folder of the project are applied once each, in the order of their numbers. Each is one \
             transaction together with its record, so that it is applied and recorded, or neither. A lock of the database sees to it that \
             two runs, or two hosts with the same database, do this one after the other; the second finds the work done. The first file \
             that fails ends it, and those before it stay applied.\n\n\
             A file that was changed after it was applied is a failure that names it, and so is one that comes before another that was \
             applied already, unless `out_of_order` is true. Either way nothing is applied. Files that were applied once and are not in \
             the folder are noted. A file that ends its transaction itself (`COMMIT`) is a failure; what cannot be in one \
             (`CREATE INDEX CONCURRENTLY`) is for `command`.\n\n\
             The folder is part of the plan: a file that changes after planning is not applied. Files are run by psql, each at most 4 MiB. \
             How the password is handed over is as with `postgres.ping`.",
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let postgres = Postgres::on(host, config)?;
    let table = table(config)?;
    let migrations = Migrations::of(&config.local_folder("source")?)?;
    let wait = config.duration("wait")?.as_millis().max(1).to_string();
    let recorded = recorded(&postgres, table).await?;
    let pending = migrations.pending(&recorded, config.boolean("out_of_order")?, host).await?;
    let database = postgres.database;
    if pending.is_empty() {
        return Ok(Outcome::unchanged(format!("all {} files are applied to `{database}`", migrations.len())));
    }
    let names: Vec<_> = pending.iter().map(|file| file.name.as_str()).collect();
    host.would(format!("apply {} to database `{database}`", named(&names)))?;
    let mut applied = Vec::new();
    for file in &pending {
        let args = [table, &file.name, &file.sha256, &wait];
        let done = host.log_run(postgres.command(&SCRIPT, args, &file.text)).await?;
        if done.is_ok() {
            applied.push(file.name.as_str());
            continue;
        }
        // Another run may have been faster.
        let theirs = self::recorded(&postgres, table).await?.into_iter().find(|recorded| recorded.name == file.name);
        if !theirs.is_some_and(|theirs| theirs.sha256.eq_ignore_ascii_case(&file.sha256)) {
            let before = match applied.len() {
                0 => String::new(),
                _ => format!("\nbefore it were applied: {}", named(&applied)),
            };
            return Ok(Outcome::failed(format!("`{}`: {}{before}", file.name, in_words(&done.message)), done.value));
        }
    }
    let now = self::recorded(&postgres, table).await?;
    if let Some(missing) = pending.iter().find(|file| !now.iter().any(|recorded| recorded.name == file.name)) {
        return Ok(Outcome::failed(format!("`{}` is not recorded after it was applied", missing.name), 1));
    }
    Ok(all_applied(database, &migrations, &pending, &applied))
}

/// The files that are recorded; none where there is no table yet.
async fn recorded(postgres: &Postgres<'_>, table: &str) -> Result<Vec<Recorded>, TaskError> {
    let value = format!("runsheet_table={table}");
    let said = postgres.answer(QUESTION, [value.as_str()]).await?;
    let line = |line: &str| {
        let (sha256, name) = line.split_once('|')?;
        Some(Recorded { name: name.to_owned(), sha256: sha256.to_owned() })
    };
    let recorded: Option<Vec<_>> = said.lines().filter(|text| !text.is_empty()).map(line).collect();
    recorded.ok_or_else(|| TaskError::failed(format!("table `{table}` does not hold records of migrations")))
}
