//! How many round trips a command needs, beside those of OpenSSH's own `ssh`.
//!
//! `cargo bench --bench round_trips` puts a delay between the client and a real sshd and prints, for several round-trip times, how long the
//! first command takes, and how much longer a task takes that runs a second one on the same host. What the delay adds, divided by the
//! round-trip time, is the number of round trips. The one of TCP's own handshake is not among them: the delay stands behind it.

mod delay;
#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the fleet and some questions to sshd are for the tests")]
mod support;

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use delay::delayed;
use support::sshd::Sshd;
use support::sshd_config::SshdConfig;
use tempfile::TempDir;

/// How often each is measured; the fastest counts, since whatever else the machine does only makes it slower.
const ROUNDS: usize = 7;

/// Round-trip times in ms.
const TIMES: [u64; 3] = [20, 50, 100];

fn main() {
    let sshd = Sshd::start_with(&SshdConfig::default());
    let server: SocketAddr = format!("127.0.0.1:{}", sshd.port()).parse().expect("an address");
    let programs: [(&str, Program); 4] = [
        ("`ssh`, one command", ssh),
        ("`runsheet exec`, one command", exec),
        ("`runsheet run`, one command", one),
        ("`runsheet run`, two commands", two),
    ];
    print("| | without delay, ms | round trips at 20 ms | at 50 ms | at 100 ms |");
    print("|---|---|---|---|---|");
    for (name, command) in programs {
        let base = fastest(server, Duration::ZERO, &sshd, command);
        let trips: Vec<String> = TIMES
            .into_iter()
            .map(|ms| {
                let time = fastest(server, Duration::from_millis(ms), &sshd, command);
                format!(
                    "{:.1}",
                    time.saturating_sub(base).as_secs_f64() * 1_000.0 / f64::from(u32::try_from(ms).unwrap_or(1))
                )
            })
            .collect();
        print(&format!("| {name} | {:.0} | {} |", base.as_secs_f64() * 1_000.0, trips.join(" | ")));
    }
}

/// Makes the command that is measured.
type Program = fn(&TempDir) -> Command;

fn fastest(server: SocketAddr, round_trip: Duration, sshd: &Sshd, command: Program) -> Duration {
    let port = delayed(server, round_trip / 2);
    let project = project(sshd, port);
    let times = (0..ROUNDS).map(|_| {
        let started = Instant::now();
        let output = command(&project).stdin(Stdio::null()).output().expect("it runs");
        let took = started.elapsed();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        took
    });
    times.min().expect("rounds")
}

fn ssh(project: &TempDir) -> Command {
    let mut command = Command::new("ssh");
    command.arg("-F").arg(project.path().join("ssh_config")).args(["-o", "BatchMode=yes", "h1", "true"]);
    command
}

fn exec(project: &TempDir) -> Command {
    runsheet(project, &["exec", "-q", "-F", "ssh_config", "-H", "h1", "--", "true"])
}

fn one(project: &TempDir) -> Command {
    runsheet(project, &["run", "-q", "-y", "-F", "ssh_config", "one"])
}

fn two(project: &TempDir) -> Command {
    runsheet(project, &["run", "-q", "-y", "-F", "ssh_config", "two"])
}

fn runsheet(project: &TempDir, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runsheet"));
    command
        .args(words)
        .current_dir(project.path())
        .env("HOME", project.path())
        .env("XDG_STATE_HOME", project.path().join("state"))
        .env_remove("SSH_AUTH_SOCK");
    command
}

fn project(sshd: &Sshd, port: u16) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let known = fs::read_to_string(sshd.known_hosts()).expect("known_hosts");
    let key = known.lines().next().and_then(|line| line.split_once(' ')).expect("a key").1.to_owned();
    let write = |path: &str, text: String| fs::write(folder.path().join(path), text).expect("a file");
    for path in ["hostgroups", "sheets"] {
        fs::create_dir(folder.path().join(path)).expect("a folder");
    }
    write("hostgroups/all.yaml", "groups: {all: {hosts: [h1]}}\n".to_owned());
    let link = "{task: command, args: {run: \"true\"}}";
    write("sheets/one.yaml", format!("steps: [{{name: S, hosts: h1, do: [{link}]}}]\n"));
    write("sheets/two.yaml", format!("steps: [{{name: S, hosts: h1, do: [{link}, {link}]}}]\n"));
    write("known_hosts", format!("[127.0.0.1]:{port} {key}\n"));
    write(
        "ssh_config",
        format!(
            "Host h1\nHostName 127.0.0.1\nPort {port}\nUser {}\nIdentityFile {}\nIdentitiesOnly yes\nUserKnownHostsFile {}\n\
             GlobalKnownHostsFile none\nHostKeyAlias [127.0.0.1]:{port}\n",
            sshd.user(),
            sshd.identity().display(),
            folder.path().join("known_hosts").display()
        ),
    );
    folder
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(line: &str) {
    println!("{line}");
}
