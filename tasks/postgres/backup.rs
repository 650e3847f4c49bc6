//! Back up a database of a PostgreSQL on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{CLIENT, Postgres, postgres_args};
use crate::database::{BACKUP, Backup, PRIVATE, backup_path};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("postgres-backup", &[PRIVATE, BACKUP, CLIENT, include_str!("backup.sh")]);

pub(crate) fn spec() -> TaskSpec {
    postgres_args(TaskSpec::new("postgres.backup", "Backs up a database of a PostgreSQL."))
        .details(
            "With pg_dump in its custom format, as the database is at one moment. It is written beside its place, read again with \
             `pg_restore --list`, and only then put there: a file that is there already is replaced entirely or not at all. Only its \
             owner may read it. The message says its size and its SHA-256, which `postgres.restore` can ask for.\n\n\
             Users and their passwords belong to no database and are not in it. How the password is handed over is as with \
             `postgres.ping`.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The absolute path of the file on the host."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let postgres = Postgres::on(host, config)?;
    let path = backup_path(config.text("path")?)?;
    host.would(format!("back up database `{}` to `{path}`", postgres.database))?;
    let said = host.run(postgres.command(&SCRIPT, [path], b"")).await?;
    if !said.ok() {
        return Ok(Outcome::failed(postgres.complaint(&said.complaint()), said.code()));
    }
    let Some((Backup { bytes, sha256 }, entries)) = Backup::with_count(&said.stdout) else {
        return Err(
            TaskError::failed(format!("the host does not say what it has written: {}", said.complaint())).into()
        );
    };
    let holds = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    Ok(Outcome::changed(format!(
        "database `{}` was backed up to `{path}`: {bytes} bytes, {holds}, SHA-256 {sha256}",
        postgres.database
    )))
}
