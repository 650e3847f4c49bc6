//! The tasks for PostgreSQL against the real one (Debian's postgresql), in a real host, with a real replica of it beside.

use std::error::Error;
use std::fs;
use std::sync::Arc;

use runsheet_model::Outcome;
use runsheet_task::TaskError;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::fleet_host::FleetHost;
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage, sha256};

type Tested = Result<(), Box<dyn Error>>;

/// With everything that a file of passwords, a shell or a connection string could take for something else.
const PASSWORD: &str = r#"p:w\d'"$(id) #`%s;= \n"#;

/// A host with a PostgreSQL, its database `app`, and a user `shop` who has a password.
struct Database {
    host: FleetHost,
    project: TempDir,
    /// The server's major version.
    version: String,
}

impl Database {
    fn up() -> Option<Self> {
        let host = FleetHost::up()?;
        let version = host.sh("pg_lsclusters -h | awk 'NR == 1 { print $1 }'");
        host.sh(&format!("pg_ctlcluster {version} main start"));
        let database = Self { host, project: tempfile::tempdir().expect("a folder"), version };
        let quoted = PASSWORD.replace('\'', "''");
        database.psql(
            "postgres",
            &format!("CREATE ROLE shop LOGIN PASSWORD '{quoted}';\nCREATE DATABASE app OWNER shop;\n"),
        );
        Some(database)
    }

    /// A stage whose secret `db` is the password.
    fn stage(&self) -> Stage {
        Stage {
            secrets: [("db".to_owned(), PASSWORD.to_owned())].into(),
            project: self.project.path().to_owned(),
            ..self.host.stage()
        }
    }

    fn dry(&self) -> Stage {
        Stage { dry_run: true, ..self.stage() }
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.project.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Evidence: what the server's own client says.
    fn psql(&self, database: &str, text: &str) -> String {
        self.host
            .sh(&format!("su postgres -c 'psql -XAtq -v ON_ERROR_STOP=1 -d {database}' <<'THE-END'\n{text}\nTHE-END"))
    }
}

/// How `shop` logs in, with more arguments.
fn args(more: Value) -> Value {
    let mut all: Map<String, Value> = serde_json::from_value(json!({
        "database": "app", "user": "shop", "host": "127.0.0.1", "password": {"secret": "db"},
    }))
    .expect("arguments");
    all.extend(serde_json::from_value::<Map<String, Value>>(more).expect("arguments"));
    Value::Object(all)
}

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn failed(outcome: &Outcome, part: &str) {
    assert!(!outcome.is_ok() && !outcome.changed && outcome.message.contains(part), "{part}: {outcome:?}");
}

#[tokio::test]
async fn a_server_that_answers_is_told_and_its_password_is_nowhere() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let (stage, host) = (database.stage(), &database.host);
    let ping = stage.run("postgres.ping", args(json!({}))).await?;
    ok(&ping, false);
    assert!(
        ping.message.contains(&format!("PostgreSQL {}.", database.version)) && ping.message.contains("(primary)"),
        "{ping:?}"
    );

    let wrong = Stage { secrets: [("db".to_owned(), "wrong".to_owned())].into(), ..database.stage() };
    failed(&wrong.run("postgres.ping", args(json!({}))).await?, "password authentication failed");
    failed(&stage.run("postgres.ping", args(json!({"database": "nope"}))).await?, "\"nope\" does not exist");
    // It is the name of a database, and not a list of settings.
    failed(&stage.run("postgres.ping", args(json!({"database": "app host=127.0.0.1"}))).await?, "does not exist");
    for name in ["-c", "a\nb", ""] {
        assert_eq!(stage.run("postgres.ping", args(json!({"database": name}))).await?.value, 2, "{name:?}");
    }

    // While the client runs, neither its arguments nor its environment nor a file has the password.
    host.sh(
        "cat >/tmp/look <<'END'\nfor i in $(seq 200); do pgrep -f 'psql.*runsheet.whole' >/dev/null && break; sleep 0.05; done\nsleep 0.3\n\
         cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' >/root/seen\n\
         grep -c '^PGPASSFILE=/dev/fd/3$' /root/seen; grep -c 'd.\"$(id)' /root/seen; ls -A /tmp | grep -c '^runsheet'\nEND\n\
         sh /tmp/look >/root/report 2>&1 &",
    );
    ok(&stage.run("postgres.sql", args(json!({"statement": "SELECT pg_sleep(2)", "changed": false}))).await?, false);
    let report =
        host.sh("for i in $(seq 200); do [ $(wc -l </root/report) = 3 ] && break; sleep 0.05; done; cat /root/report");
    let seen: Vec<_> = report.lines().collect();
    assert!(seen[0] != "0", "the look came too late: {report}");
    assert_eq!(seen[1..], ["0", "0"], "the password was seen: {report}");
    Ok(())
}

#[tokio::test]
async fn a_server_is_waited_for() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let host = &database.host;
    let version = &database.version;
    host.sh(&format!(
        "pg_ctlcluster {version} main stop && {{ (sleep 2; pg_ctlcluster {version} main start) >/dev/null 2>&1 & }}"
    ));
    failed(&database.stage().run("postgres.ping", args(json!({}))).await?, "Connection refused");
    ok(&database.stage().run("postgres.ping", args(json!({"wait": "30s"}))).await?, false);
    Ok(())
}

#[tokio::test]
async fn statements_are_one_transaction() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    let sql = |text: &str| args(json!({"statement": text}));
    let count = || database.psql("app", "SELECT count(*) FROM t");

    let would = database.dry().run("postgres.sql", sql("CREATE TABLE t (x text)")).await.expect_err("a dry run");
    assert!(matches!(&would, TaskError::Would { what } if what == "run statements in database `app`"), "{would}");
    assert_eq!(database.psql("app", "SELECT to_regclass('t') IS NULL"), "t");

    ok(&stage.run("postgres.sql", sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('a')")).await?, true);
    let asked = stage.run("postgres.sql", args(json!({"statement": "SELECT x FROM t", "changed": false}))).await?;
    ok(&asked, false);
    assert!(asked.message.contains("(1 row)"), "{asked:?}");

    // The file is run whole or not at all.
    database.file(
        "more.sql",
        "INSERT INTO t VALUES ('b');\nINSERT INTO t VALUES ('c');\nSELEC 1;\nINSERT INTO t VALUES ('d');\n",
    );
    let half = stage.run("postgres.sql", args(json!({"file": "more.sql"}))).await?;
    failed(&half, "line 3: ERROR:");
    assert_eq!(count(), "1");
    failed(&stage.run("postgres.sql", sql("INSERT INTO t VALUES ('open")).await?, "unterminated");
    failed(&stage.run("postgres.sql", sql("VACUUM")).await?, "cannot run inside a transaction block");
    failed(
        &stage.run("postgres.sql", sql("INSERT INTO t VALUES ('b'); COMMIT; SELECT 1")).await?,
        "ended their transaction themselves",
    );
    assert_eq!(count(), "2", "what came before a COMMIT stays, as is said");

    // A connection that breaks while the text is on its way.
    let host = ShellRemote::new().cut_stdin(40);
    let text = "INSERT INTO t VALUES ('b');\nINSERT INTO t VALUES ('c');\n";
    let cut = Stage { project: database.project.path().to_owned(), ..stage::on(Arc::new(host)) };
    failed(&cut.run("postgres.sql", json!({"database": "app", "statement": text})).await?, "did not arrive in full");
    Ok(())
}

#[tokio::test]
async fn values_are_never_part_of_a_statement() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    database.psql("app", "CREATE TABLE t (x text); GRANT ALL ON t TO shop");
    for value in [
        r"'; DROP TABLE t; --",
        "two\nlines",
        r"\! touch /canary",
        "$(touch /canary)",
        "-v a=b",
        " %s \\n ",
        ":'other'",
        "",
    ] {
        let insert = args(
            json!({"statement": "DELETE FROM t; INSERT INTO t VALUES (:'value')", "values": [format!("value={value}")]}),
        );
        ok(&stage.run("postgres.sql", insert).await?, true);
        assert_eq!(database.psql("app", "SELECT encode(convert_to(x, 'UTF8'), 'hex') FROM t"), hex(value), "{value:?}");
    }
    database.host.sh("test ! -e /canary");
    for pair in ["ON_ERROR_STOP=0", "a b=c", "none", "-x=y", "=x"] {
        let outcome = stage.run("postgres.sql", args(json!({"statement": "SELECT 1", "values": [pair]}))).await?;
        assert_eq!(outcome.value, 2, "{pair}: {outcome:?}");
    }
    Ok(())
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_backup_is_written_whole_and_restored() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let (stage, host) = (database.stage(), &database.host);
    let content = "SELECT count(*), sum(x) FROM shop.t";
    database.psql("app", "SET ROLE shop; CREATE SCHEMA shop; CREATE TABLE shop.t AS SELECT generate_series(1, 1000) AS x; CREATE TYPE mood AS ENUM ('ok')");
    database.psql("app", "GRANT CREATE ON SCHEMA public TO shop");
    host.sh("mkdir /srv/backups");
    let path = || args(json!({"path": "/srv/backups/app's dump"}));
    let would = database.dry().run("postgres.backup", path()).await.expect_err("a dry run");
    assert!(matches!(would, TaskError::Would { .. }), "{would}");
    assert_eq!(host.sh("ls -A /srv/backups"), "");

    let written = stage.run("postgres.backup", path()).await?;
    ok(&written, true);
    let evidence =
        host.sh("cd /srv/backups && stat -c '%s %a' *; cat * | sha256sum; ls -A; pg_restore --list * | grep -c ^[0-9]");
    let evidence: Vec<_> = evidence.split_whitespace().collect();
    assert_eq!(evidence[1], "600");
    assert!(
        written.message.contains(&format!("{} bytes, {} entries, SHA-256 {}", evidence[0], evidence[6], evidence[2])),
        "{written:?} {evidence:?}"
    );

    // One that fails leaves the one from before, and nothing else.
    failed(
        &stage.run("postgres.backup", args(json!({"path": "/srv/backups/app's dump", "database": "nope"}))).await?,
        "does not exist",
    );
    failed(&stage.run("postgres.backup", args(json!({"path": "/srv/backups"}))).await?, "is a folder");
    failed(&stage.run("postgres.backup", args(json!({"path": "/nowhere/app"}))).await?, "No such file");
    assert_eq!(host.sh("ls -A /srv/backups; ls -A /srv"), "app's dump\nbackups");
    assert_eq!(host.sh("cat /srv/backups/* | sha256sum").split_whitespace().next(), Some(evidence[2]));

    // Somebody's work is not overwritten.
    database.psql(
        "app",
        "SET ROLE shop; DELETE FROM shop.t; CREATE TABLE public.new (x int); CREATE TABLE shop.newer (x int)",
    );
    let refused = stage.run("postgres.restore", path()).await?;
    failed(&refused, "is not empty");
    assert_eq!(database.psql("app", "SELECT count(*) FROM shop.newer"), "0");
    let with = |more: Value| {
        let mut all = args(more);
        all["path"] = json!("/srv/backups/app's dump");
        all
    };
    let would = database.dry().run("postgres.restore", with(json!({"replace": true}))).await.expect_err("a dry run");
    assert!(would.to_string().contains("remove the"), "{would}");
    failed(&stage.run("postgres.restore", with(json!({"replace": true, "sha256": "abc"}))).await?, "another backup");
    let replaced = stage.run("postgres.restore", with(json!({"replace": true, "sha256": evidence[2]}))).await?;
    ok(&replaced, true);
    assert_eq!(database.psql("app", content), "1000|500500");
    assert_eq!(
        database.psql("app", "SELECT to_regclass('public.new') IS NULL, to_regclass('shop.newer') IS NULL"),
        "t|t"
    );
    assert_eq!(database.psql("app", "SELECT has_schema_privilege('shop', 'public', 'CREATE'), nspowner::regrole FROM pg_namespace WHERE nspname = 'public'"), "t|pg_database_owner");

    // Into a fresh one it goes without asking.
    database.psql("postgres", "CREATE DATABASE fresh OWNER shop");
    ok(&stage.run("postgres.restore", with(json!({"database": "fresh"}))).await?, true);
    assert_eq!(database.psql("fresh", content), "1000|500500");
    failed(&stage.run("postgres.restore", with(json!({"database": "fresh"}))).await?, "is not empty");
    Ok(())
}

#[tokio::test]
async fn a_backup_that_is_broken_changes_nothing() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let (stage, host) = (database.stage(), &database.host);
    database.psql("app", "SET ROLE shop; CREATE SCHEMA shop; CREATE TABLE shop.t AS SELECT md5(x::text) AS x FROM generate_series(1, 50000) x");
    ok(&stage.run("postgres.backup", args(json!({"path": "/root/app.dump"}))).await?, true);
    host.sh(
        "head -c $(($(stat -c %s /root/app.dump) / 2)) /root/app.dump >/root/half.dump; echo hello >/root/text.dump",
    );
    database.psql("app", "SET ROLE shop; CREATE TABLE shop.kept (x int)");
    let kept = || database.psql("app", "SELECT count(*) FROM shop.t, (SELECT count(*) FROM shop.kept) k");
    for name in ["half", "text", "missing"] {
        let restore = args(json!({"path": format!("/root/{name}.dump"), "replace": true}));
        let outcome = stage.run("postgres.restore", restore).await?;
        assert!(!outcome.is_ok(), "{name}: {outcome:?}");
        assert_eq!(kept(), "50000", "{name}");
    }
    // Something in it belongs to somebody who is not there: all of it is undone, also what was removed.
    database.psql("postgres", "CREATE ROLE gone; CREATE DATABASE other");
    database.psql("other", "CREATE TABLE fine (x int); CREATE TABLE theirs (x int); ALTER TABLE fine OWNER TO shop; ALTER TABLE theirs OWNER TO gone");
    host.sh("su postgres -c 'pg_dump -Fc other' >/root/other.dump");
    database.psql("other", "DROP TABLE theirs");
    database.psql("postgres", "DROP ROLE gone");
    let undone = stage.run("postgres.restore", args(json!({"path": "/root/other.dump", "replace": true}))).await?;
    failed(&undone, "role \"gone\" does not exist");
    assert!(undone.message.contains("it is as it was"), "{undone:?}");
    assert_eq!(kept(), "50000");
    Ok(())
}

#[tokio::test]
async fn a_replica_is_waited_for_until_it_has_caught_up() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let (stage, host) = (database.stage(), &database.host);
    let version = &database.version;
    let bin = format!("/usr/lib/postgresql/{version}/bin");
    database.psql("postgres", "GRANT pg_monitor TO shop; CREATE ROLE plain LOGIN PASSWORD 'plain'");
    host.sh(&format!(
        "su postgres -c '{bin}/pg_basebackup -h /run/postgresql -D /var/lib/postgresql/replica -R -X stream -c fast' && \
         echo port=5444 >/var/lib/postgresql/replica/postgresql.conf && su postgres -c 'cp /etc/postgresql/{version}/main/pg_*.conf /var/lib/postgresql/replica' && \
         su postgres -c '{bin}/pg_ctl -w -D /var/lib/postgresql/replica -l /tmp/replica.log start' >/dev/null || {{ cat /tmp/replica.log; exit 1; }}"
    ));
    let wait = |more: Value| {
        let mut all = args(more);
        all["port"] = json!(5444);
        all
    };
    let ping = stage.run("postgres.ping", wait(json!({}))).await?;
    assert!(ping.message.contains("(replica)"), "{ping:?}");
    let caught = stage.run("postgres.replica.wait", wait(json!({"bytes": 0}))).await?;
    ok(&caught, false);
    assert!(caught.message.contains("streaming, 0 bytes"), "{caught:?}");
    failed(&stage.run("postgres.replica.wait", args(json!({}))).await?, "is no replica");
    let plain = Stage { secrets: [("db".to_owned(), "plain".to_owned())].into(), ..database.stage() };
    failed(&plain.run("postgres.replica.wait", wait(json!({"user": "plain"}))).await?, "`pg_read_all_stats`");

    // A replay that waits for somebody who reads there: it is behind until they are gone.
    database.psql("app", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS x; GRANT SELECT ON t TO shop");
    ok(&stage.run("postgres.replica.wait", wait(json!({"bytes": 0}))).await?, false);
    host.sh(
        "(su postgres -c \"psql -XAtq -p 5444 -d app -c 'BEGIN; LOCK TABLE t IN ACCESS SHARE MODE; SELECT pg_sleep(8)'\") >/dev/null 2>&1 &\n\
         for i in $(seq 100); do su postgres -c \"psql -XAtq -p 5444 -d app -c \\\"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(8)%' AND wait_event = 'PgSleep'\\\"\" | grep -q 1 && exit 0; sleep 0.1; done; exit 1",
    );
    database.psql("app", "DROP TABLE t; CREATE TABLE more AS SELECT generate_series(1, 10000) AS x");
    let behind = stage.run("postgres.replica.wait", wait(json!({"bytes": 0, "wait": "1s"}))).await?;
    failed(&behind, "has not caught up after 1.");
    let behind = stage.run("postgres.replica.wait", wait(json!({"lag": "500ms", "wait": "1s"}))).await?;
    failed(&behind, "has not caught up");
    ok(&stage.run("postgres.replica.wait", wait(json!({"bytes": 0, "lag": "500ms", "wait": "30s"}))).await?, false);
    assert_eq!(host.sh("su postgres -c 'psql -XAtq -p 5444 -d app -c \"SELECT count(*) FROM more\"'"), "10000");

    let on_replica = |text: &str| host.sh(&format!("su postgres -c 'psql -XAtq -p 5444 -d postgres -c \"{text}\"'"));
    on_replica("SELECT pg_wal_replay_pause()");
    failed(&stage.run("postgres.replica.wait", wait(json!({}))).await?, "paused");
    on_replica("SELECT pg_wal_replay_resume()");
    // Without its primary it knows of nothing that it has not.
    host.sh(&format!("pg_ctlcluster {version} main stop -m immediate || true"));
    let alone = stage.run("postgres.replica.wait", wait(json!({"wait": "2s"}))).await?;
    failed(&alone, "not connected to its primary");
    Ok(())
}

#[tokio::test]
async fn migrations_are_applied_once_each_in_order() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    database.psql("app", "GRANT CREATE ON SCHEMA public TO shop");
    database.file("db/2_fill.sql", "INSERT INTO t VALUES ('two');\n-- the end is open\nINSERT INTO t VALUES ('more')");
    database.file(
        "db/1 it's a table.sql",
        "SELECT set_config('search_path', '', false);\nCREATE TABLE public.t (x text);\n",
    );
    database.file("db/10_last.sql", "INSERT INTO t VALUES ('ten'); /* without an end of line */");
    let migrate = || args(json!({"source": "db"}));
    let names = || {
        database.psql("app", "SELECT string_agg(name || ' ' || sha256 || ' ' || applied_by, ',' ORDER BY applied_at) FROM runsheet_migrations")
    };

    let would = database.dry().run("postgres.migrate", migrate()).await.expect_err("a dry run");
    assert!(would.to_string().contains("`1 it's a table.sql`, `2_fill.sql`, `10_last.sql`"), "{would}");
    assert_eq!(database.psql("app", "SELECT to_regclass('runsheet_migrations') IS NULL"), "t");

    let applied = stage.run("postgres.migrate", migrate()).await?;
    ok(&applied, true);
    assert!(applied.message.starts_with("3 of 3 files"), "{applied:?}");
    let hashes: Vec<_> = ["1 it's a table.sql", "2_fill.sql", "10_last.sql"]
        .iter()
        .map(|name| {
            let text = fs::read(database.project.path().join("db").join(name)).expect("a file");
            format!("{name} {} shop", sha256(&text))
        })
        .collect();
    assert_eq!(names(), hashes.join(","));
    assert_eq!(database.psql("app", "SELECT string_agg(x, ',') FROM t"), "two,more,ten");
    ok(&stage.run("postgres.migrate", migrate()).await?, false);
    assert_eq!(database.psql("app", "SELECT count(*) FROM t"), "3");

    database.file("db/5_late.sql", "INSERT INTO t VALUES ('five');");
    database.file("db/11_new.sql", "INSERT INTO t VALUES ('eleven');");
    failed(&stage.run("postgres.migrate", migrate()).await?, "`5_late.sql`");
    assert_eq!(database.psql("app", "SELECT count(*) FROM t"), "3", "it was applied all the same");
    ok(&stage.run("postgres.migrate", args(json!({"source": "db", "out_of_order": true}))).await?, true);
    assert_eq!(database.psql("app", "SELECT count(*) FROM t"), "5");

    database.file("db/2_fill.sql", "INSERT INTO t VALUES ('another');\n");
    database.file("db/12_next.sql", "INSERT INTO t VALUES ('twelve');");
    failed(&stage.run("postgres.migrate", migrate()).await?, "changed after it was applied: `2_fill.sql`");
    assert_eq!(database.psql("app", "SELECT count(*) FROM t"), "5");
    Ok(())
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_of_itself() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    database.psql("app", "GRANT CREATE ON SCHEMA public TO shop");
    database.file("db/1.sql", "CREATE TABLE t (x text);");
    database.file("db/2.sql", "INSERT INTO t VALUES ('two');\nCREATE TABLE u (x text);\nSELEC;\n");
    database.file("db/3.sql", "INSERT INTO t VALUES ('three');");
    let migrate = || args(json!({"source": "db"}));
    let failure = stage.run("postgres.migrate", migrate()).await?;
    failed(&failure, "`2.sql`: line 3: ERROR:");
    assert!(failure.message.contains("before it were applied: `1.sql`"), "{failure:?}");
    assert_eq!(
        database.psql(
            "app",
            "SELECT count(*), to_regclass('u') IS NULL, (SELECT string_agg(name, ',') FROM runsheet_migrations) FROM t"
        ),
        "0|t|1.sql"
    );

    for (text, why) in [
        ("INSERT INTO t VALUES ('x'); COMMIT; SELECT 1;", "ended its transaction itself"),
        ("INSERT INTO t VALUES ('open", "unterminated"),
        ("INSERT INTO t VALUES ('y'); ROLLBACK;", "ended its transaction itself"),
    ] {
        database.file("db/2.sql", text);
        failed(&stage.run("postgres.migrate", migrate()).await?, why);
        assert_eq!(database.psql("app", "SELECT count(*) FROM runsheet_migrations"), "1", "{text}");
    }
    database.file("db/2.sql", "INSERT INTO t VALUES ('two');");
    ok(&stage.run("postgres.migrate", migrate()).await?, true);
    assert_eq!(
        database.psql("app", "SELECT string_agg(name, ',' ORDER BY name) FROM runsheet_migrations"),
        "1.sql,2.sql,3.sql"
    );
    Ok(())
}

/// Two runs at once, and one that finds the lock taken.
#[tokio::test]
async fn two_runs_at_once_apply_every_file_once() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    database.psql("app", "GRANT CREATE ON SCHEMA public TO shop; CREATE TABLE t (x int); GRANT ALL ON t TO shop");
    for number in 1..6 {
        database.file(&format!("db/{number}.sql"), &format!("INSERT INTO t VALUES ({number}); SELECT pg_sleep(0.3);"));
    }
    let (one, other) = (database.stage(), database.stage());
    let migrate = || args(json!({"source": "db"}));
    let (first, second) =
        tokio::join!(one.run("postgres.migrate", migrate()), other.run("postgres.migrate", migrate()));
    let (first, second) = (first?, second?);
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert!(first.changed || second.changed, "{first:?} {second:?}");
    assert_eq!(database.psql("app", "SELECT string_agg(x::text, ',') FROM t"), "1,2,3,4,5");

    // Somebody holds the lock: a run that was killed half-way, whose session the server still has.
    database.host.sh(
        "(su postgres -c \"psql -XAtq -d app -c \\\"SELECT pg_advisory_lock(hashtextextended('runsheet runsheet_migrations', 0)), pg_sleep(20)\\\"\") >/dev/null 2>&1 &\n\
         for i in $(seq 100); do su postgres -c \"psql -XAtq -d app -c \\\"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'\\\"\" | grep -q 1 && exit 0; sleep 0.1; done; exit 1",
    );
    database.file("db/6.sql", "INSERT INTO t VALUES (6);");
    let held = one.run("postgres.migrate", args(json!({"source": "db", "wait": "1s"}))).await?;
    failed(&held, "another run is applying files to this database");
    assert_eq!(database.psql("app", "SELECT count(*) FROM t"), "5");
    Ok(())
}
