//! How long `runsheet exec` takes on many addresses of one real sshd, against what sshd itself needs.
//!
//! `cargo bench --bench exec_many` prints a table: wall time, sshd's own CPU time, the floor (that CPU time divided by the cores: client
//! and server share this machine), their ratio, and the client's CPU time and peak memory. Only the ratios travel between machines.

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the fleet and some questions to sshd are for the tests")]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::sshd::Sshd;
use support::sshd_config::SshdConfig;
use tempfile::TempDir;

/// How often each size is measured; the median counts.
const ROUNDS: usize = 5;

fn main() {
    let cores =
        std::thread::available_parallelism().map_or(1.0, |cores| f64::from(u32::try_from(cores.get()).unwrap_or(1)));
    print(&format!("cores: {cores}, rounds: {ROUNDS} (medians)"));
    print("| hosts | wall s | sshd CPU s | floor s | wall ÷ floor | client CPU a host, ms | client peak MB |");
    print("|---|---|---|---|---|---|---|");
    for hosts in [100, 300, 1_000] {
        let mut rounds: Vec<Round> = (0..ROUNDS).map(|_| measure(hosts)).collect();
        rounds.sort_by_key(|round| round.wall);
        let round = &rounds[ROUNDS / 2];
        let floor = round.server.as_secs_f64() / cores;
        print(&format!(
            "| {hosts} | {:.2} | {:.2} | {floor:.2} | {:.2} | {:.2} | {:.0} |",
            round.wall.as_secs_f64(),
            round.server.as_secs_f64(),
            round.wall.as_secs_f64() / floor,
            round.client.as_secs_f64() * 1_000.0 / f64::from(hosts),
            round.peak_kb / 1_024.0,
        ));
    }
}

/// What one run took.
struct Round {
    wall: Duration,
    server: Duration,
    client: Duration,
    peak_kb: f64,
}

fn measure(hosts: u32) -> Round {
    let config = SshdConfig { address: "0.0.0.0", extra: "MaxStartups 2000\n", ..SshdConfig::default() };
    let sshd = Sshd::start_with(&config);
    let project = project(&sshd, hosts);
    let pid = sshd_pid(sshd.port());
    let before = children_cpu(pid);
    let started = Instant::now();
    // time(1) tells CPU time and peak memory of exactly this process.
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %M", env!("CARGO_BIN_EXE_runsheet")])
        .args(["exec", "-q", "-F", "ssh_config", "-g", "all", "--", "true"])
        .current_dir(project.path())
        .env("HOME", project.path())
        .env("XDG_STATE_HOME", project.path().join("state"))
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .output()
        .expect("runsheet runs; time(1) is in Debian's package `time`");
    let wall = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let numbers: Vec<f64> = said.lines().last().unwrap_or("").split(' ').filter_map(|word| word.parse().ok()).collect();
    let [user, system, peak] = numbers[..] else { panic!("time(1) said {said}") };
    Round {
        wall,
        server: children_cpu(pid).saturating_sub(before),
        client: Duration::from_secs_f64(user + system),
        peak_kb: peak,
    }
}

fn project(sshd: &Sshd, hosts: u32) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut groups = format!(
        "defaults: {{user: {}, port: {}, identity: {}}}\ngroups:\n  all:\n    hosts:\n",
        sshd.user(),
        sshd.port(),
        sshd.identity().display()
    );
    for number in 0..hosts {
        groups.push_str(&format!("      - h{number}: {{address: 127.1.{}.{}}}\n", number / 250, number % 250 + 1));
    }
    let known = fs::read_to_string(sshd.known_hosts()).expect("known_hosts");
    let key = known.lines().next().and_then(|line| line.split_once(' ')).expect("a key").1.to_owned();
    let write = |path: &str, text: String| fs::write(folder.path().join(path), text).expect("a file");
    fs::create_dir(folder.path().join("hostgroups")).expect("a folder");
    write("hostgroups/all.yaml", groups);
    write("known_hosts", format!("[*]:{} {key}\n", sshd.port()));
    let known = folder.path().join("known_hosts");
    write("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()));
    folder
}

/// The process that listens on a port of ours.
fn sshd_pid(port: u16) -> u32 {
    let said =
        Command::new("ss").args(["-ltnpH", &format!("sport = :{port}")]).output().expect("ss of iproute2").stdout;
    let text = String::from_utf8_lossy(&said).into_owned();
    let pid = text.split("pid=").nth(1).and_then(|rest| rest.split(',').next()).expect("the sshd that listens");
    pid.parse().expect("a process id")
}

/// CPU time of all children of a process that have ended and were waited for (proc(5): cutime and cstime, in ticks of 10 ms).
fn children_cpu(pid: u32) -> Duration {
    // The last sessions may still be on their way out.
    std::thread::sleep(Duration::from_millis(300));
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).expect("sshd runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = [13, 14].iter().filter_map(|&field| fields.get(field)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(line: &str) {
    println!("{line}");
}
