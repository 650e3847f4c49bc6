//! Back up a database of a MySQL or MariaDB on each host.

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{CLIENT, Mysql, mysql_args};
use crate::database::{BACKUP, Backup, PRIVATE, backup_path};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("mysql-backup", &[PRIVATE, BACKUP, CLIENT, include_str!("backup.sh")]);

pub(crate) fn spec() -> TaskSpec {
    mysql_args(TaskSpec::new("mysql.backup", "Backs up a database of a MySQL or MariaDB."))
        .details(
            "With `mariadb-dump`, else `mysqldump`: tables, views, routines, triggers and events as statements. InnoDB tables are as they \
             were at one moment; of other engines that is not sure while somebody writes. The file is written beside its place, looked at \
             for the line that ends it, and only then put there: a file that is there already is replaced entirely or not at all. Only \
             its owner may read it. The message says its size and its SHA-256, which `mysql.restore` can ask for.\n\n\
             Users and their passwords belong to no database and are not in it. How the password is handed over is as with `mysql.ping`.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The absolute path of the file on the host."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mysql = Mysql::on(host, config)?;
    let path = backup_path(config.text("path")?)?;
    host.would(format!("back up database `{}` to `{path}`", mysql.database))?;
    let said = host.run(mysql.command(&SCRIPT, &[path], b"")).await?;
    if !said.ok() {
        return Ok(Outcome::failed(mysql.complaint(&said.complaint()), said.code()));
    }
    let Some((Backup { bytes, sha256 }, tables)) = Backup::with_count(&said.stdout) else {
        return Err(
            TaskError::failed(format!("the host does not say what it has written: {}", said.complaint())).into()
        );
    };
    Ok(Outcome::changed(format!(
        "database `{}` was backed up to `{path}`: {bytes} bytes, {}, SHA-256 {sha256}",
        mysql.database,
        plural(tables, "table")
    )))
}
