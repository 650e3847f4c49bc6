//! The tasks for MySQL against a real MariaDB (Debian's mariadb-server), in a real host, with a real replica of it beside. MySQL
//! itself, which Debian does not have, was not tried.

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

/// With everything that an option file or a shell could take for something else.
const PASSWORD: &str = r#"p:w\d'"$(id) #`%s;= \n"#;

/// A host with a MariaDB, its database `app`, and a user `shop` who has a password.
struct Database {
    host: FleetHost,
    project: TempDir,
}

impl Database {
    fn up() -> Option<Self> {
        let host = FleetHost::up()?;
        start(&host, "", "/run/mysqld/mysqld.sock");
        let database = Self { host, project: tempfile::tempdir().expect("a folder") };
        let quoted = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
        database.sql(
            "mysql",
            &format!("CREATE USER shop@'%' IDENTIFIED BY '{quoted}';\nCREATE DATABASE app;\nGRANT ALL ON app.* TO shop@'%';\n"),
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
    fn sql(&self, database: &str, text: &str) -> String {
        self.host.sh(&format!("mariadb -N -B -r -D '{database}' <<'THE-END'\n{text}\nTHE-END"))
    }
}

/// Starts a server and waits for it.
fn start(host: &FleetHost, more: &str, socket: &str) {
    host.sh(&format!(
        "mkdir -p /run/mysqld && chown mysql /run/mysqld && \
         {{ mariadbd --user=mysql --socket={socket} {more} >/tmp/server.log 2>&1 & }}\n\
         for i in $(seq 300); do mariadb-admin --socket={socket} ping >/dev/null 2>&1 && exit; sleep 0.1; done; cat /tmp/server.log; exit 1"
    ));
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
    let ping = stage.run("mysql.ping", args(json!({}))).await?;
    ok(&ping, false);
    assert!(ping.message.contains("-MariaDB"), "{ping:?}");
    // Who the command runs as, by the socket of the host.
    ok(&stage.run("mysql.ping", json!({"database": "app"})).await?, false);
    ok(&stage.run("mysql.ping", args(json!({"host": "/run/mysqld/mysqld.sock"}))).await?, false);

    let wrong = Stage { secrets: [("db".to_owned(), "wrong".to_owned())].into(), ..database.stage() };
    failed(&wrong.run("mysql.ping", args(json!({}))).await?, "Access denied");
    failed(&stage.run("mysql.ping", args(json!({"database": "nope"}))).await?, "nope");
    failed(&stage.run("mysql.ping", args(json!({"port": 1}))).await?, "Can't connect");
    for name in ["-e", "a\nb", ""] {
        assert_eq!(stage.run("mysql.ping", args(json!({"database": name}))).await?.value, 2, "{name:?}");
    }

    // While the client runs, neither its arguments nor its environment nor a file has the password.
    host.sh(
        "cat >/tmp/look <<'END'\nfor i in $(seq 200); do pgrep -f 'init-command=SET autocommit' >/dev/null && break; sleep 0.05; done\n\
         sleep 0.3\ncat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' >/root/seen\n\
         grep -c '^--defaults-extra-file=/dev/fd/3$' /root/seen; grep -c 'd.\"$(id)' /root/seen; ls -A /tmp | grep -c '^runsheet'\nEND\n\
         sh /tmp/look >/root/report 2>&1 &",
    );
    ok(&stage.run("mysql.sql", args(json!({"statement": "SELECT SLEEP(2)", "changed": false}))).await?, false);
    let report =
        host.sh("for i in $(seq 200); do [ $(wc -l </root/report) = 3 ] && break; sleep 0.05; done; cat /root/report");
    let seen: Vec<_> = report.lines().collect();
    assert!(seen[0] != "0", "the look came too late: {report}");
    assert_eq!(seen[1..], ["0", "0"], "the password was seen: {report}");

    host.sh("mv /usr/bin/mariadb /root; rm -f /usr/bin/mysql");
    assert_eq!(stage.run("mysql.ping", args(json!({"wait": "20s"}))).await?.value, 127);
    Ok(())
}

#[tokio::test]
async fn statements_are_one_transaction_where_there_is_one() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    let sql = |text: &str| args(json!({"statement": text}));
    let count = || database.sql("app", "SELECT COUNT(*) FROM t");

    let would = database.dry().run("mysql.sql", sql("CREATE TABLE t (x text)")).await.expect_err("a dry run");
    assert!(matches!(&would, TaskError::Would { what } if what == "run statements in database `app`"), "{would}");
    assert_eq!(database.sql("app", "SHOW TABLES"), "");

    ok(&stage.run("mysql.sql", sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('a')")).await?, true);
    let asked =
        stage.run("mysql.sql", args(json!({"statement": "SELECT x AS found FROM t", "changed": false}))).await?;
    ok(&asked, false);
    assert_eq!(asked.message, "found\na");

    database.file(
        "more.sql",
        "INSERT INTO t VALUES ('b');\nINSERT INTO t VALUES ('c');\nSELEC 1;\nINSERT INTO t VALUES ('d');\n",
    );
    let half = stage.run("mysql.sql", args(json!({"file": "more.sql"}))).await?;
    failed(&half, "at line 3:");
    assert!(!half.message.contains("----"), "{half:?}");
    assert_eq!(count(), "1");
    for open in ["INSERT INTO t VALUES ('b');\nSELECT 'open", "INSERT INTO t VALUES ('b'); /* open"] {
        assert!(!stage.run("mysql.sql", sql(open)).await?.is_ok(), "{open}");
        assert_eq!(count(), "1", "{open}");
    }
    // As the page says: what changes tables ends the transaction.
    failed(
        &stage.run("mysql.sql", sql("INSERT INTO t VALUES ('b'); CREATE TABLE u (x int); SELEC")).await?,
        "ERROR 1064",
    );
    assert_eq!(count(), "2");
    // Another delimiter does not keep it from its end.
    let procedure = "DELIMITER //\nCREATE PROCEDURE p() BEGIN INSERT INTO t VALUES ('p'); END//\nCALL p()//\n";
    ok(&stage.run("mysql.sql", sql(procedure)).await?, true);
    assert_eq!(count(), "3");

    let host = ShellRemote::new().cut_stdin(40);
    let text = "INSERT INTO t VALUES ('b');\nINSERT INTO t VALUES ('c');\n";
    let cut = Stage { project: database.project.path().to_owned(), ..stage::on(Arc::new(host)) };
    failed(&cut.run("mysql.sql", json!({"database": "app", "statement": text})).await?, "did not arrive in full");
    Ok(())
}

#[tokio::test]
async fn values_are_never_part_of_a_statement() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    database.sql("app", "CREATE TABLE t (x text CHARACTER SET utf8mb4)");
    for value in [
        r"'; DROP TABLE t; --",
        "two\nlines",
        r"\! touch /canary",
        "$(touch /canary)",
        " %s \\n ",
        "für 🎉",
        "@other",
        "",
    ] {
        let insert = args(
            json!({"statement": "DELETE FROM t; INSERT INTO t VALUES (@value)", "values": [format!("value={value}")]}),
        );
        ok(&stage.run("mysql.sql", insert).await?, true);
        let hex = value.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
        assert_eq!(database.sql("app", "SELECT HEX(x) FROM t"), hex, "{value:?}");
    }
    database.host.sh("test ! -e /canary");
    for pair in ["AUTOCOMMIT=1", "a b=c", "none", "@x=y", "=x"] {
        let outcome = stage.run("mysql.sql", args(json!({"statement": "SELECT 1", "values": [pair]}))).await?;
        assert_eq!(outcome.value, 2, "{pair}: {outcome:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_backup_is_written_whole_and_restored() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let (stage, host) = (database.stage(), &database.host);
    let content = "SELECT COUNT(*), SUM(x) FROM t; CALL p()";
    database.sql(
        "app",
        "ALTER DATABASE app CHARACTER SET latin2 COLLATE latin2_bin; CREATE TABLE t (x int, y blob); \
                  INSERT INTO t SELECT seq, UNHEX('00FF27') FROM seq_1_to_1000; CREATE DEFINER=shop@'%' VIEW v AS SELECT * FROM t",
    );
    database.sql("app", "CREATE DEFINER=shop@'%' PROCEDURE p() SELECT COUNT(*) FROM v");
    host.sh("mkdir /srv/backups");
    let path = || args(json!({"path": "/srv/backups/app's dump"}));
    let would = database.dry().run("mysql.backup", path()).await.expect_err("a dry run");
    assert!(matches!(would, TaskError::Would { .. }), "{would}");
    assert_eq!(host.sh("ls -A /srv/backups"), "");

    let written = stage.run("mysql.backup", path()).await?;
    ok(&written, true);
    let evidence = host.sh("cd /srv/backups && stat -c '%s %a' *; cat * | sha256sum");
    let evidence: Vec<_> = evidence.split_whitespace().collect();
    assert_eq!(evidence[1], "600");
    assert!(
        written.message.contains(&format!("{} bytes, 1 table, SHA-256 {}", evidence[0], evidence[2])),
        "{written:?}"
    );

    // One that fails leaves the one from before, and nothing else.
    for (more, why) in [
        (json!({"path": "/srv/backups/app's dump", "database": "nope"}), "nope"),
        (json!({"path": "/srv/backups"}), "is a folder"),
        (json!({"path": "/nowhere/app"}), "No such file"),
    ] {
        failed(&stage.run("mysql.backup", args(more)).await?, why);
    }
    assert_eq!(host.sh("ls -A /srv/backups; ls -A /srv"), "app's dump\nbackups");
    assert_eq!(host.sh("cat /srv/backups/* | sha256sum").split_whitespace().next(), Some(evidence[2]));

    // Somebody's work is not overwritten.
    database.sql("app", "DELETE FROM t; CREATE TABLE newer (x int)");
    failed(&stage.run("mysql.restore", path()).await?, "is not empty (4 things");
    assert_eq!(database.sql("app", "SELECT COUNT(*) FROM newer"), "0");
    let with = |more: Value| {
        let mut all = args(more);
        all["path"] = json!("/srv/backups/app's dump");
        all
    };
    failed(&stage.run("mysql.restore", with(json!({"replace": true, "sha256": "abc"}))).await?, "another backup");
    let would = database.dry().run("mysql.restore", with(json!({"replace": true}))).await.expect_err("a dry run");
    assert!(would.to_string().contains("remove the 4 things"), "{would}");
    ok(&stage.run("mysql.restore", with(json!({"replace": true, "sha256": evidence[2]}))).await?, true);
    assert_eq!(database.sql("app", content), "1000\t500500\n1000");
    assert_eq!(
        database.sql("app", "SELECT HEX(y) FROM t LIMIT 1; SHOW TABLES; SELECT @@collation_database"),
        "00FF27\nt\nv\nlatin2_bin"
    );

    database.sql("mysql", "CREATE DATABASE `fr``esh`; GRANT ALL ON `fr``esh`.* TO shop@'%'");
    ok(&stage.run("mysql.restore", with(json!({"database": "fr`esh"}))).await?, true);
    assert_eq!(database.sql("fr`esh", content), "1000\t500500\n1000");
    ok(&stage.run("mysql.restore", with(json!({"database": "fr`esh", "replace": true}))).await?, true);
    assert_eq!(database.sql("fr`esh", content), "1000\t500500\n1000");

    // What is no whole backup of one database is not begun with.
    host.sh(
        "cd /root && head -c 800 /srv/backups/* >half && echo hello >text && mariadb-dump --databases app >several",
    );
    for name in ["half", "text", "several", "missing"] {
        let restore = args(json!({"path": format!("/root/{name}"), "replace": true}));
        failed(&stage.run("mysql.restore", restore).await?, "is no backup");
        assert_eq!(database.sql("app", content), "1000\t500500\n1000", "{name}");
    }
    host.sh("sed 's/^CREATE TABLE `t`/SELEC/' /srv/backups/* >/root/broken");
    let broken = stage.run("mysql.restore", args(json!({"path": "/root/broken", "replace": true}))).await?;
    failed(&broken, "may be half restored");
    Ok(())
}

#[tokio::test]
async fn a_replica_is_waited_for_until_it_has_caught_up() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let (stage, host) = (database.stage(), &database.host);
    host.sh("mariadb-admin shutdown");
    start(host, "--server-id=1 --log-bin=/var/lib/mysql/bin", "/run/mysqld/mysqld.sock");
    failed(&stage.run("mysql.replica.wait", json!({"database": "app"})).await?, "is no replica");
    database.sql(
        "mysql",
        "CREATE USER copy@'127.0.0.1' IDENTIFIED BY 'copy'; GRANT REPLICATION SLAVE ON *.* TO copy@'127.0.0.1'",
    );
    host.sh(
        "mariadb-install-db --user=mysql --datadir=/var/lib/replica --auth-root-authentication-method=socket >/dev/null 2>&1 && \
         mariadb-dump --all-databases --single-transaction --master-data=1 --gtid >/root/all.sql",
    );
    let socket = "/run/mysqld/replica.sock";
    let more =
        "--server-id=2 --datadir=/var/lib/replica --port=3399 --pid-file=/run/mysqld/replica.pid --skip-slave-start=0";
    start(host, more, socket);
    let on_replica = |text: &str| host.sh(&format!("mariadb -N -B --socket={socket} <<'END'\n{text}\nEND"));
    host.sh(&format!("mariadb --socket={socket} </root/all.sql"));
    on_replica(
        "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_USER='copy', MASTER_PASSWORD='copy', MASTER_CONNECT_RETRY=1; START SLAVE",
    );
    let wait = |more: Value| {
        let mut all = json!({"database": "app", "host": socket});
        for (name, value) in more.as_object().expect("arguments") {
            all[name] = value.clone();
        }
        all
    };
    ok(&stage.run("mysql.replica.wait", wait(json!({"bytes": 0}))).await?, false);

    // Somebody locks a table on the replica: it is behind until they are gone.
    database.sql("app", "CREATE TABLE t (x int)");
    ok(&stage.run("mysql.replica.wait", wait(json!({"bytes": 0}))).await?, false);
    host.sh(&format!(
        "(echo 'LOCK TABLES app.t READ; SELECT SLEEP(8);' | mariadb --socket={socket}) >/dev/null 2>&1 &\n\
         for i in $(seq 100); do mariadb --socket={socket} -N -e 'SHOW PROCESSLIST' | grep -q 'SLEEP(8)' && exit 0; sleep 0.1; done; exit 1"
    ));
    database.sql("app", "INSERT INTO t VALUES (1)");
    failed(
        &stage.run("mysql.replica.wait", wait(json!({"bytes": 0, "wait": "1s"}))).await?,
        "has not caught up after 1.",
    );
    ok(&stage.run("mysql.replica.wait", wait(json!({"bytes": 0, "lag": "1s", "wait": "30s"}))).await?, false);
    assert_eq!(on_replica("SELECT COUNT(*) FROM app.t"), "1");

    // What it cannot apply stops it.
    on_replica("DROP TABLE app.t");
    database.sql("app", "INSERT INTO t VALUES (2)");
    failed(&stage.run("mysql.replica.wait", wait(json!({"bytes": 0, "wait": "20s"}))).await?, "has stopped to apply:");
    on_replica("CREATE TABLE app.t (x int); START SLAVE");
    ok(&stage.run("mysql.replica.wait", wait(json!({"bytes": 0, "wait": "20s"}))).await?, false);
    // Without its source it knows of nothing that it has not.
    host.sh("mariadb-admin shutdown");
    failed(&stage.run("mysql.replica.wait", wait(json!({"wait": "2s"}))).await?, "not connected to its source");
    Ok(())
}

#[tokio::test]
async fn migrations_are_applied_once_each_in_order() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    database.file("db/2_fill.sql", "INSERT INTO t VALUES ('two');\n-- the end is open\nINSERT INTO t VALUES ('more')");
    database.file("db/1 it's a table.sql", "CREATE TABLE t (x text);\nUSE information_schema;\n");
    database.file("db/10_last.sql", "DELIMITER //\nINSERT INTO t VALUES ('ten')// /* without an end of line */");
    let migrate = || args(json!({"source": "db"}));
    let would = database.dry().run("mysql.migrate", migrate()).await.expect_err("a dry run");
    assert!(would.to_string().contains("`1 it's a table.sql`, `2_fill.sql`, `10_last.sql`"), "{would}");
    assert_eq!(database.sql("app", "SHOW TABLES"), "");

    let applied = stage.run("mysql.migrate", migrate()).await?;
    ok(&applied, true);
    assert!(applied.message.starts_with("3 of 3 files"), "{applied:?}");
    let hashes: Vec<_> = ["1 it's a table.sql", "2_fill.sql", "10_last.sql"]
        .iter()
        .map(|name| {
            let text = fs::read(database.project.path().join("db").join(name)).expect("a file");
            format!("{name} {} shop@% 1", sha256(&text))
        })
        .collect();
    let records = "SELECT CONCAT(name, ' ', sha256, ' ', applied_by, ' ', done_at >= begun_at) FROM runsheet_migrations ORDER BY done_at";
    assert_eq!(database.sql("app", records), hashes.join("\n"));
    assert_eq!(database.sql("app", "SELECT GROUP_CONCAT(x) FROM t"), "two,more,ten");
    ok(&stage.run("mysql.migrate", migrate()).await?, false);
    assert_eq!(database.sql("app", "SELECT COUNT(*) FROM t"), "3");

    database.file("db/5_late.sql", "INSERT INTO t VALUES ('five');");
    failed(&stage.run("mysql.migrate", migrate()).await?, "`5_late.sql`");
    ok(&stage.run("mysql.migrate", args(json!({"source": "db", "out_of_order": true}))).await?, true);
    database.file("db/2_fill.sql", "INSERT INTO t VALUES ('another');\n");
    database.file("db/12_next.sql", "INSERT INTO t VALUES ('twelve');");
    failed(&stage.run("mysql.migrate", migrate()).await?, "changed after it was applied: `2_fill.sql`");
    assert_eq!(database.sql("app", "SELECT COUNT(*) FROM t"), "4");
    Ok(())
}

#[tokio::test]
async fn a_migration_that_was_begun_and_is_not_done_is_not_repeated() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    let stage = database.stage();
    database.file("db/1.sql", "CREATE TABLE t (x text);");
    database.file("db/2.sql", "INSERT INTO t VALUES ('two');\nCREATE TABLE u (x text);\nSELEC;\n");
    let migrate = || args(json!({"source": "db"}));
    let failure = stage.run("mysql.migrate", migrate()).await?;
    failed(&failure, "`2.sql`: ERROR 1064 (42000) at line 3:");
    assert!(
        failure.message.contains("may be half applied") && failure.message.contains("before it were applied: `1.sql`"),
        "{failure:?}"
    );
    for _ in 0..2 {
        failed(&stage.run("mysql.migrate", migrate()).await?, "`2.sql` was begun at 2");
        assert_eq!(database.sql("app", "SELECT COUNT(*) FROM t"), "1", "it was repeated");
    }
    // A person has looked at it.
    database.sql("app", "DELETE FROM t; DROP TABLE u; DELETE FROM runsheet_migrations WHERE name = '2.sql'");
    database.file("db/2.sql", "INSERT INTO t VALUES ('two');\nSELECT 'open");
    assert!(!stage.run("mysql.migrate", migrate()).await?.is_ok());
    assert_eq!(database.sql("app", "SELECT COUNT(*) FROM t"), "0", "a file of rows only is one transaction");
    database.sql("app", "UPDATE runsheet_migrations SET done_at = NOW(), sha256 = SHA2('INSERT INTO t VALUES (1);', 256) WHERE name = '2.sql'");
    database.file("db/2.sql", "INSERT INTO t VALUES (1);");
    ok(&stage.run("mysql.migrate", migrate()).await?, false);
    Ok(())
}

/// Two runs at once, one that is killed half-way, and one that finds the lock taken.
#[tokio::test]
async fn two_runs_at_once_apply_every_file_once() -> Tested {
    let Some(database) = Database::up() else { return Ok(()) };
    database.sql("app", "CREATE TABLE t (x int)");
    for number in 1..6 {
        database.file(&format!("db/{number}.sql"), &format!("INSERT INTO t VALUES ({number}); SELECT SLEEP(0.3);"));
    }
    let (one, other) = (database.stage(), database.stage());
    let migrate = || args(json!({"source": "db"}));
    let (first, second) = tokio::join!(one.run("mysql.migrate", migrate()), other.run("mysql.migrate", migrate()));
    let (first, second) = (first?, second?);
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert!(first.changed || second.changed, "{first:?} {second:?}");
    assert_eq!(database.sql("app", "SELECT GROUP_CONCAT(x) FROM t"), "1,2,3,4,5");

    // One that is killed in the middle of a file is told as such, once the server has noticed.
    database.file("db/6.sql", "CREATE TABLE half (x int); SELECT SLEEP(30);");
    database.host.sh(
        "(for i in $(seq 200); do mariadb -N -e 'SHOW PROCESSLIST' | grep -q 'SLEEP(30)' && break; sleep 0.05; done\n\
         pkill -KILL -f 'defaults-extra-file=/dev/fd/3.*init-command') >/dev/null 2>&1 &",
    );
    let killed = one.run("mysql.migrate", migrate()).await?;
    assert!(!killed.is_ok(), "{killed:?}");
    failed(&other.run("mysql.migrate", migrate()).await?, "`6.sql` was begun at 2");
    assert_eq!(database.sql("app", "SHOW TABLES LIKE 'half'"), "half", "it was not in the middle");

    // Somebody holds the lock.
    database.host.sh(
        "(mariadb -e \"SELECT GET_LOCK(CONCAT('runsheet ', MD5('app.runsheet_migrations')), 0), SLEEP(20)\") >/dev/null 2>&1 &\n\
         for i in $(seq 100); do mariadb -N -e 'SHOW PROCESSLIST' | grep -q 'SLEEP(20)' && exit 0; sleep 0.1; done; exit 1",
    );
    failed(&one.run("mysql.migrate", args(json!({"source": "db", "wait": "1s"}))).await?, "has not ended in time");
    Ok(())
}
