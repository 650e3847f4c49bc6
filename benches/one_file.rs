//! How fast one large file goes to one host and comes back, beside scp.
//!
//! `cargo bench --bench one_file` prints a table: medians of five rounds in turn, 200 MiB to and from a real sshd on this machine. The
//! file is incompressible; runsheet writes its record, checks SHA-256 on both ends of the transfer, and syncs; scp does none of that.

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the fleet and some questions to sshd are for the tests")]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::sshd::Sshd;

const ROUNDS: usize = 5;
const MEBIBYTES: usize = 200;

fn main() {
    let sshd = Sshd::start("");
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("large");
    fs::write(&source, noise(MEBIBYTES << 20)).expect("the file");
    let groups = format!(
        "defaults: {{user: {}, port: {}, identity: {}}}\ngroups: {{all: {{hosts: [127.0.0.1]}}}}\n",
        sshd.user(),
        sshd.port(),
        sshd.identity().display()
    );
    fs::create_dir(folder.path().join("hostgroups")).expect("a folder");
    fs::write(folder.path().join("hostgroups/all.yaml"), groups).expect("host groups");
    let known = sshd.known_hosts();
    let config = format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display());
    fs::write(folder.path().join("ssh_config"), config).expect("ssh_config");

    let there = folder.path().join("there");
    let there = there.to_str().expect("text");
    let put = |program: &str| match program {
        "runsheet" => runsheet(folder.path(), &["put", "-q", "-F", "ssh_config", "-g", "all", "large", there]),
        _ => scp(&sshd, &["large".to_owned(), format!("{}@127.0.0.1:{there}", sshd.user())], folder.path()),
    };
    let get = |program: &str| match program {
        "runsheet" => runsheet(folder.path(), &["get", "-q", "-F", "ssh_config", "-g", "all", there, "back"]),
        _ => scp(&sshd, &[format!("{}@127.0.0.1:{there}", sshd.user()), "copy".to_owned()], folder.path()),
    };
    print("| 200 MiB | runsheet MiB/s | scp MiB/s | runsheet ÷ scp | runsheet peak MB |");
    print("|---|---|---|---|---|");
    for (what, transfer) in [("put", &put as &dyn Fn(&str) -> Command), ("get", &get)] {
        let mut times = [Vec::new(), Vec::new()];
        let mut peak = 0.0_f64;
        for _ in 0..ROUNDS {
            for (program, times) in ["runsheet", "scp"].into_iter().zip(&mut times) {
                if what == "put" {
                    // A file that is there already would not be sent again.
                    let _ = fs::remove_file(there);
                }
                let (took, kilobytes) = measure(transfer(program));
                times.push(took);
                if program == "runsheet" {
                    peak = peak.max(kilobytes / 1_024.0);
                }
            }
        }
        let [ours, theirs] = times.map(|mut times| {
            times.sort();
            f64::from(u32::try_from(MEBIBYTES).unwrap_or(0)) / times[ROUNDS / 2].as_secs_f64()
        });
        print(&format!("| {what} | {ours:.0} | {theirs:.0} | {:.2} | {peak:.0} |", ours / theirs));
    }
}

/// Runs a command to its end; returns how long it took, and its peak memory in kilobytes (time(1), Debian's package `time`).
fn measure(mut command: Command) -> (Duration, f64) {
    let started = Instant::now();
    let output = command.output().expect("time(1) starts");
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (took, said.lines().last().and_then(|line| line.trim().parse().ok()).expect("time(1) says a number"))
}

fn timed(program: &str, cwd: &Path) -> Command {
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", program]).current_dir(cwd).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn runsheet(folder: &Path, args: &[&str]) -> Command {
    let mut command = timed(env!("CARGO_BIN_EXE_runsheet"), folder);
    command.args(args).env("HOME", folder).env("XDG_STATE_HOME", folder.join("state")).env_remove("SSH_AUTH_SOCK");
    command
}

fn scp(sshd: &Sshd, args: &[String], folder: &Path) -> Command {
    let mut command = timed("scp", folder);
    command
        .args(["-q", "-F", "none", "-P", &sshd.port().to_string(), "-i"])
        .arg(sshd.identity())
        .arg(format!("-oUserKnownHostsFile={}", sshd.known_hosts().display()))
        .args(args);
    command
}

/// Bytes that nobody can compress (xorshift64).
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(line: &str) {
    println!("{line}");
}
