//! Run statements in a PostgreSQL on each host.

use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::server::{CLIENT, Postgres, in_words, postgres_args};
use crate::database::{PRIVATE, sql_args, statements, values};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("postgres-sql", &[PRIVATE, CLIENT, include_str!("sql.sh")]);

pub(crate) fn spec() -> TaskSpec {
    let spec = postgres_args(TaskSpec::new("postgres.sql", "Runs statements in a PostgreSQL."));
    sql_args(
        spec,
        "Values for psql's variables, `name=value`: `:'name'` in a statement is the value as a text, `:\"name\"` as a name.",
    )
    .one_command()
    .details(
        "All statements are one transaction: they are all done, or none is. The first one that fails ends it, and is told with its \
         line. Statements that end the transaction themselves (`COMMIT`) are a failure, and so are those that cannot be in one \
         (`VACUUM`). They are run by psql, whose own commands (`\\copy`) work too, and only if all of them have arrived.\n\n\
         A value never becomes part of a statement, unlike what a template puts into `statement`: give what is not yours as `values`. \
         Values can be seen in the host's process list while psql runs; a password of the database is handed over as with \
         `postgres.ping`. At most 4 MiB.",
    )
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let postgres = Postgres::on(host, config)?;
    let text = statements(config).await?;
    let pairs: Vec<_> = values(config)?.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    host.would(format!("run statements in database `{}`", postgres.database))?;
    let mut outcome = host.log_run(postgres.command(&SCRIPT, pairs.iter().map(String::as_str), &text)).await?;
    if !outcome.is_ok() {
        outcome.message = in_words(&outcome.message);
    }
    outcome.changed &= config.boolean("changed")?;
    Ok(outcome)
}
