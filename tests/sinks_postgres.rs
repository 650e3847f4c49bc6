//! Rows of timing in a real PostgreSQL, over its socket and over TLS.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::practice_runs::Stage;
use crate::sinks::{stage, wait_until};

/// A server of our own, with the user `ops` whose password is asked for over TCP, which has to be encrypted.
struct Server {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("runsheet-pg-").tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        give(folder.path());
        let data = folder.path().join("data");
        run(&["initdb", "-D", text(&data), "-A", "trust", "-U", "postgres", "--no-sync"]);
        certificates(folder.path());
        let access = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(data.join("pg_hba.conf"), access).expect("it is written");
        let key = folder.path().join("server.key");
        let certificate = folder.path().join("server.pem");
        let ssl = format!(
            "-cssl=on -cssl_key_file={} -cssl_cert_file={} -cfsync=off -clisten_addresses=127.0.0.1",
            key.display(),
            certificate.display()
        );
        let mut command = as_postgres("postgres");
        command.args(["-D", text(&data), "-p", &port.to_string(), "-k", text(folder.path())]).args(ssl.split(' '));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("postgres starts");
        let server = Self { folder, port, child };
        wait_until(|| server.ask("postgres", "SELECT 1").is_some());
        server.sql("CREATE ROLE ops LOGIN PASSWORD 'hunter2-hunter2'; CREATE DATABASE timing OWNER ops");
        server
    }

    fn ask(&self, database: &str, sql: &str) -> Option<String> {
        let (folder, port) = (text(self.folder.path()), self.port.to_string());
        let output = as_postgres("psql")
            .args(["-XAtq", "-h", folder, "-p", &port, "-U", "postgres", "-d", database, "-c", sql])
            .output()
            .expect("psql runs");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn sql(&self, statements: &str) {
        for statement in statements.split(';') {
            self.ask("postgres", statement).expect("a statement");
        }
    }

    /// Evidence: what the server's own client says.
    fn timing(&self, sql: &str) -> String {
        self.ask("timing", sql).unwrap_or_else(|| panic!("{sql} failed"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is its fast shutdown; what it has started ends with it.
        _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        _ = self.child.wait();
    }
}

/// Root cannot run it: then it is run as its own user.
fn as_postgres(program: &str) -> Command {
    let program = fs::read_dir("/usr/lib/postgresql")
        .expect("postgresql, of scripts/install-test-packages")
        .map(|entry| entry.expect("an entry").path().join("bin").join(program))
        .find(|path| path.exists())
        .expect("the program");
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program).current_dir("/");
    command
}

fn give(path: &Path) {
    if rustix::process::geteuid().is_root() {
        let id = |flag: &str| {
            let output = Command::new("id").args([flag, "postgres"]).output().expect("id runs");
            String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
        };
        chown(path, Some(id("-u")), Some(id("-g"))).expect("it is given");
    }
}

fn run(words: &[&str]) {
    let output = as_postgres(words[0]).args(&words[1..]).output().expect("it runs");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and a certificate of its for `localhost`.
fn certificates(folder: &Path) {
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority 2>/dev/null
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost 2>/dev/null
        printf 'subjectAltName=DNS:localhost\\n' >names
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem 2>/dev/null";
    let status = Command::new("bash").args(["-ec", script]).current_dir(folder).status().expect("bash runs");
    assert!(status.success(), "no certificates");
    for file in ["server.key", "server.pem"] {
        let path = folder.join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
        give(&path);
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

/// A project that writes to a server by its socket, and whose run fails on one of three hosts.
fn by_socket(server: &Server) -> Stage {
    let sheet = "name: Weekly\nsteps:\n\
        \x20 - {name: Ask, task: command, hosts: web, owner: dana, expect: 2m, args: {run: echo one}}\n\
        \x20 - {name: Roll, task: command, hosts: web, args: {run: 'test ! -e bad'}}\n";
    let folder = server.folder.path().display();
    let settings = format!(
        "sinks:\n  - postgres: {{host: {folder}, port: {}, user: postgres, dbname: timing, table: public.timing_rows}}\n",
        server.port
    );
    let stage = stage(&settings).sheet(sheet);
    fs::write(stage.host("web2").home().join("bad"), "").expect("a file");
    stage
}

fn only_run(stage: &Stage) -> (PathBuf, String) {
    let folder = stage.case.runs().pop().expect("a run");
    let run = folder.file_name().expect("a name").to_string_lossy().into_owned();
    (folder, run)
}

#[test]
fn a_table_has_a_row_for_the_run_and_each_step_host_and_attempt() {
    let server = Server::start();
    let stage = by_socket(&server);
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    let (folder, run) = only_run(&stage);
    let all = "SELECT kind, step, host, link, attempt, state, changed, task, owner, expect_ms FROM timing_rows ORDER BY kind, step, host";
    let rows = server.timing(all);
    let hosts = |kind: &str, numbers: &str| {
        let of = |step: &str, host: &str, state: &str| {
            let changed = if state == "ok" { "t" } else { "f" };
            let owner = if step == "ask" { "dana" } else { "" };
            format!("{kind}|{step}|{host}|{numbers}|{state}|{changed}|command|{owner}|\n")
        };
        let mut rows = String::new();
        for (step, bad) in [("ask", "ok"), ("roll", "failed")] {
            for host in ["web1", "web2", "web3"] {
                rows.push_str(&of(step, host, if host == "web2" { bad } else { "ok" }));
            }
        }
        rows
    };
    let expected = format!(
        "{}{}run||||||failed|||||\nstep|ask||0|0|ok|t|command|dana|120000\nstep|roll||0|0|failed|t|command||",
        hosts("attempt", "0|1"),
        hosts("host", "0|0"),
    )
    .replace("run||||||failed|||||", "run|||0|0|failed||||");
    assert_eq!(rows, expected);
    assert_eq!(
        server.timing(&format!("SELECT count(*) FROM timing_rows WHERE run = '{run}' AND sheet = 'Weekly'")),
        "15"
    );
    let times = "SELECT count(*) FROM timing_rows WHERE started_at IS NULL OR ended_at < started_at OR took_ms IS NULL \
        OR abs(extract(epoch FROM ended_at - started_at) * 1000 - took_ms) > 50";
    assert_eq!(server.timing(times), "0", "{}", server.timing("SELECT * FROM timing_rows"));

    // From its beginning once more: the same rows.
    let before = server.timing("SELECT * FROM timing_rows ORDER BY 1, 2, 3, 4, 5, 6");
    fs::remove_file(folder.join("sinks/postgres.json")).expect("it is removed");
    stage.case.run(&["sync"]).exits(0);
    assert_eq!(server.timing("SELECT * FROM timing_rows ORDER BY 1, 2, 3, 4, 5, 6"), before);
}

#[test]
fn over_a_network_the_server_has_to_prove_who_it_is() {
    let server = Server::start();
    let settings = |more: &str| {
        format!(
            "secrets: {{db: {{env: PGPASSWORD}}}}\nsinks:\n  - postgres: {{host: localhost, port: {}, user: ops, dbname: timing, \
             password: {{secret: db}}{more}}}\n",
            server.port
        )
    };
    let stage = stage(&settings(""));
    let stage = Stage { case: stage.case.env("PGPASSWORD", "hunter2-hunter2"), ..stage };
    let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    ran.says("sink `postgres` is behind").says("invalid peer certificate");
    assert_eq!(server.timing("SELECT count(*) FROM pg_tables WHERE tablename = 'runsheet_timing'"), "0");
    let authority = fs::read(server.folder.path().join("ca.pem")).expect("a certificate");
    let case = stage.case.file("ca.pem", authority).file("runsheet.yaml", settings(", authority: ca.pem"));
    case.run(&["sync"]).exits(0);
    assert_eq!(server.timing("SELECT count(*) FROM runsheet_timing WHERE kind = 'host' AND state = 'ok'"), "6");
    let case = case.env("PGPASSWORD", "another-password");
    fs::remove_dir_all(case.runs().pop().expect("a run").join("sinks")).expect("it is removed");
    let ran = case.run(&["sync"]).exits(1).says("password authentication failed");
    assert!(!ran.stderr.contains("another-password"), "{}", ran.stderr);
}

#[test]
fn a_server_that_is_stopped_is_caught_up_with_later() {
    let server = Server::start();
    let stage = by_socket(&server);
    let signal = |name: &str| {
        // All of its processes: those that serve connections are its children.
        let id = server.child.id().to_string();
        _ = Command::new("pkill").args([name, "-P", &id]).status();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill runs").success());
    };
    signal("-STOP");
    let ran = stage.case.run_with_flags(&["run", "deploy"]);
    signal("-CONT");
    ran.exits(5).says("sink `postgres` is behind");
    stage.case.run(&["sync"]).exits(0);
    assert_eq!(server.timing("SELECT count(*) FROM timing_rows"), "15");
}
