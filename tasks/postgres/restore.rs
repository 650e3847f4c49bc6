//! Restore a database of a PostgreSQL from a backup on each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use super::server::{CLIENT, Postgres, postgres_args};
use crate::database::{BACKUP, Backup, PRIVATE, backup_path};
use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("postgres-restore", &[PRIVATE, BACKUP, CLIENT, include_str!("restore.sh")]);

/// How many things of its users are in a database. What belongs to an extension comes with that.
const OBJECTS: &str = "WITH theirs AS (SELECT objid, classid FROM pg_depend WHERE deptype = 'e'),
schemas AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
SELECT (SELECT count(*) FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
        WHERE NOT EXISTS (SELECT FROM theirs t WHERE t.objid = c.oid AND t.classid = 'pg_class'::regclass))
    + (SELECT count(*) FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace
        WHERE NOT EXISTS (SELECT FROM theirs t WHERE t.objid = p.oid AND t.classid = 'pg_proc'::regclass))
    + (SELECT count(*) FROM pg_type y JOIN schemas s ON s.oid = y.typnamespace WHERE y.typtype IN ('d', 'e', 'r')
        AND NOT EXISTS (SELECT FROM theirs t WHERE t.objid = y.oid AND t.classid = 'pg_type'::regclass))
    + (SELECT count(*) FROM schemas s WHERE s.nspname <> 'public'
        AND NOT EXISTS (SELECT FROM theirs t WHERE t.objid = s.oid AND t.classid = 'pg_namespace'::regclass))
    + (SELECT count(*) FROM pg_largeobject_metadata);
";

pub(crate) fn spec() -> TaskSpec {
    postgres_args(TaskSpec::new("postgres.restore", "Restores a database of a PostgreSQL from a backup."))
        .details(
            "From a file that `postgres.backup` or pg_dump has written in one of its binary formats. The database has to be there, and a \
             database in which there is anything is left alone, unless `replace` is true: then all of its schemas, extensions and \
             large objects are removed first. The file is read to its end before anything is done, and everything is one \
             transaction: the database is restored, or as it was.\n\n\
             The users to whom things belong have to be there. How the password is handed over is as with `postgres.ping`.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The absolute path of the file on the host."))
        .arg(Arg::optional("replace", ArgKind::Boolean, "Whether what is in the database is removed first.").default(false))
        .arg(Arg::optional("sha256", ArgKind::Text, "The SHA-256 that the file has to have, in hexadecimal."))
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let postgres = Postgres::on(host, config)?;
    let path = backup_path(config.text("path")?)?;
    let replace = config.boolean("replace")?;
    let database = postgres.database;
    let said = host.run(postgres.command(&SCRIPT, ["look", path], b"")).await?;
    let Some(backup) = Backup::read(&said.stdout).filter(|_| said.ok()) else {
        return Ok(Outcome::failed(format!("`{path}` is no backup: {}", said.complaint()), said.code()));
    };
    if let Some(wanted) = config.opt_text("sha256").filter(|wanted| !wanted.eq_ignore_ascii_case(&backup.sha256)) {
        let message = format!("`{path}` is another backup: its SHA-256 is {}, not {wanted}", backup.sha256);
        return Ok(Outcome::failed(message, 1));
    }
    let said = postgres.answer(OBJECTS, []).await?;
    let Ok(objects) = said.trim().parse::<u64>() else {
        return Err(
            TaskError::failed(format!("cannot tell whether database `{database}` is empty: {}", said.trim())).into()
        );
    };
    if objects > 0 && !replace {
        let message =
            format!("database `{database}` is not empty ({objects} things are in it); `replace: true` removes them");
        return Ok(Outcome::failed(message, 1));
    }
    let removing = if objects > 0 { format!(", and remove the {objects} things in it before") } else { String::new() };
    host.would(format!("restore database `{database}` from `{path}`{removing}"))?;
    let flag = if replace { "true" } else { "false" };
    let said = host.run(postgres.command(&SCRIPT, ["do", path, flag], b"")).await?;
    if !said.ok() {
        let complaint = postgres.complaint(&said.complaint());
        return Ok(Outcome::failed(format!("{complaint}\nit is as it was"), said.code()));
    }
    Ok(Outcome::changed(format!("database `{database}` was restored from `{path}` ({} bytes)", backup.bytes)))
}
