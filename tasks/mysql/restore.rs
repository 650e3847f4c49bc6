//! Restore a database of a MySQL or MariaDB from a backup on each host.

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{CLIENT, Mysql, mysql_args};
use crate::database::{BACKUP, Backup, PRIVATE, backup_path};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("mysql-restore", &[PRIVATE, BACKUP, CLIENT, include_str!("restore.sh")]);

/// How many things are in a database, and how many of them are tables.
const OBJECTS: &str = "SELECT (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE())
    + (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = DATABASE())
    + (SELECT COUNT(*) FROM information_schema.events WHERE event_schema = DATABASE()),
    (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE');
";

pub(crate) fn spec() -> TaskSpec {
    mysql_args(TaskSpec::new("mysql.restore", "Restores a database of a MySQL or MariaDB from a backup."))
        .details(
            "From a file that `mysql.backup` or mysqldump has written of one database. The database has to be there, and a database in which \
             there is anything is left alone, unless `replace` is true: then it is removed and made anew, with the same character set.\n\n\
             **There is no transaction for this in MySQL and MariaDB**: the file is looked at for its end before anything is done, but a \
             restore that fails half-way leaves the database half restored, and with `replace` what was in it before is gone. Make a \
             backup first. How the password is handed over is as with `mysql.ping`.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The absolute path of the file on the host."))
        .arg(Arg::optional("replace", ArgKind::Boolean, "Whether what is in the database is removed first.").default(false))
        .arg(Arg::optional("sha256", ArgKind::Text, "The SHA-256 that the file has to have, in hexadecimal."))
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let mysql = Mysql::on(host, config)?;
    let path = backup_path(config.text("path")?)?;
    let replace = config.boolean("replace")?;
    let database = mysql.database;
    let said = host.run(mysql.command(&SCRIPT, &["look", path], b"")).await?;
    let Some((backup, tables)) = Backup::with_count(&said.stdout).filter(|_| said.ok()) else {
        return Ok(Outcome::failed(format!("`{path}` is no backup: {}", said.complaint()), said.code()));
    };
    if let Some(wanted) = config.opt_text("sha256").filter(|wanted| !wanted.eq_ignore_ascii_case(&backup.sha256)) {
        let message = format!("`{path}` is another backup: its SHA-256 is {}, not {wanted}", backup.sha256);
        return Ok(Outcome::failed(message, 1));
    }
    let (objects, _) = objects(&mysql).await?;
    if objects > 0 && !replace {
        let message =
            format!("database `{database}` is not empty ({objects} things are in it); `replace: true` removes them");
        return Ok(Outcome::failed(message, 1));
    }
    let removing = if objects > 0 { format!(", and remove the {objects} things in it before") } else { String::new() };
    host.would(format!("restore database `{database}` from `{path}`{removing}"))?;
    let flag = if replace && objects > 0 { "true" } else { "false" };
    let said = host.run(mysql.command(&SCRIPT, &["do", path, flag], b"")).await?;
    if !said.ok() {
        let complaint = mysql.complaint(&said.complaint());
        return Ok(Outcome::failed(format!("{complaint}\nthe database may be half restored"), said.code()));
    }
    let (_, found) = self::objects(&mysql).await?;
    if found != tables {
        let message =
            format!("database `{database}` has {} after it was restored, not {tables}", plural(found, "table"));
        return Ok(Outcome::failed(message, 1));
    }
    let (bytes, tables) = (backup.bytes, plural(tables, "table"));
    Ok(Outcome::changed(format!("database `{database}` was restored from `{path}` ({bytes} bytes, {tables})")))
}

/// How many things are in the database, and how many of them are tables.
async fn objects(mysql: &Mysql<'_>) -> Result<(usize, usize), TaskError> {
    let said = mysql.answer(OBJECTS).await?;
    let numbers =
        said.trim().split_once('\t').and_then(|(all, tables)| Some((all.parse().ok()?, tables.parse().ok()?)));
    numbers.ok_or_else(|| TaskError::failed(format!("cannot tell whether the database is empty: {}", said.trim())))
}
