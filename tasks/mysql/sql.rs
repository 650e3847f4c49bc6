//! Run statements in a MySQL or MariaDB on each host.

use runsheet_task::{Config, Host, Outcome, TaskSpec};

use super::server::{CLIENT, Mysql, in_words, literal, mysql_args};
use crate::database::{PRIVATE, sql_args, statements, values};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("mysql-sql", &[PRIVATE, CLIENT, include_str!("sql.sh")]);

pub(crate) fn spec() -> TaskSpec {
    let spec = mysql_args(TaskSpec::new("mysql.sql", "Runs statements in a MySQL or MariaDB."));
    sql_args(spec, "Values for variables, `name=value`: `@name` in a statement is the value, as a text.")
        .one_command()
        .details(
            "The statements are one transaction, as far as the database has such: what changes rows of InnoDB tables is all done, or none \
             of it. **What changes tables themselves (`CREATE`, `ALTER`, `DROP`, `TRUNCATE`) ends the transaction in MySQL and \
             MariaDB and cannot be undone**, nor can what is done to tables of other engines: after a failure it stays. The first \
             statement that fails ends it, and is told with its line. They are run by the client, only if all of them have arrived.\n\n\
             A value never becomes part of a statement, unlike what a template puts into `statement`: give what is not yours as `values`. \
             Values can be seen in the host's process list while the client runs; a password of the database is handed over as with \
             `mysql.ping`. At most 4 MiB.",
        )
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mysql = Mysql::on(host, config)?;
    let text = statements(config).await?;
    let values = values(config)?;
    let mut set = vec!["SET autocommit = 0".to_owned()];
    set.extend(values.iter().map(|(name, value)| format!("@{name} = {}", literal(value))));
    host.would(format!("run statements in database `{}`", mysql.database))?;
    let mut outcome = host.log_run(mysql.command(&SCRIPT, &[&set.join(", ")], &text)).await?;
    if !outcome.is_ok() {
        outcome.message = in_words(&outcome.message, 0);
    }
    outcome.changed &= config.boolean("changed")?;
    Ok(outcome)
}
