//! Files go to hosts as seldom as they have to, and are read as seldom: told by what stands outside of the program.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use runsheet_hostile::{Direction, Proxy};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::case::{Case, Ran};
use crate::real_sshd::{many_addresses, settled};
use crate::support::sshd::Sshd;
use crate::support::sshd_config::SshdConfig;

/// Bytes that nobody can compress, in another order for each seed.
fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_add(seed);
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    bytes.flatten().take(size).collect()
}

#[test]
fn a_folder_that_a_host_has_already_is_not_sent_again() {
    const FILES: u64 = 40;
    const SIZE: usize = 50_000;
    let sshd = Sshd::start("");
    let runtime = Runtime::new().expect("a runtime");
    let server = SocketAddr::from(([127, 0, 0, 1], sshd.port()));
    let proxy = runtime.block_on(Proxy::start(server)).expect("a proxy");
    let port = proxy.address().port();
    let known = fs::read_to_string(sshd.known_hosts()).expect("known_hosts");
    let key = known.lines().next().and_then(|line| line.split_once(' ')).expect("a key").1.to_owned();
    let groups = format!(
        "defaults: {{user: {}, port: {port}, identity: {}}}\ngroups: {{all: {{hosts: [127.0.0.1]}}}}\n",
        sshd.user(),
        sshd.identity().display()
    );
    let mut case =
        Case::new().file("hostgroups/all.yaml", groups).file("known_hosts", format!("[127.0.0.1]:{port} {key}\n"));
    for number in 0..FILES {
        case = case.file(&format!("site/{}/{number}", number % 3), noise(SIZE, number));
    }
    let case = settled(case);
    let there = case.path("there");
    let put = ["put", "-v", "-g", "all", "site", there.to_str().expect("text")];
    let sent = || proxy.carried(Direction::ToServer);

    case.run_with_flags(&put).exits(0).says("40 of 40 files");
    let first = sent();
    assert!(first > FILES * SIZE as u64, "{first} bytes");

    // The second time the host gets a list of names and hashes, and no file.
    case.run_with_flags(&put).exits(0);
    let second = sent() - first;
    assert!(second < SIZE as u64, "{second} bytes");

    // One that differs is all that goes.
    fs::write(there.join("1/1"), "somebody was here").expect("a file");
    case.run_with_flags(&put).exits(0).says("1 of 40 files");
    let third = sent() - first - second;
    assert!((SIZE as u64..SIZE as u64 * 2).contains(&third), "{third} bytes");
    assert_eq!(fs::read(there.join("1/1")).expect("a file"), noise(SIZE, 1));
}

#[test]
fn a_large_file_is_put_without_being_read_before_and_left_alone_where_it_is_already() {
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", ..SshdConfig::default() });
    let case = settled(many_addresses(&sshd, 2)).file("large", noise(64 << 20, 0));
    let there = case.path("there");
    let there = there.to_str().expect("text");
    let put = |host| ["put", "-H", host, "large", there];

    let planned = case.run_with_flags(&[&put("h0")[..], &["--dry-run"]].concat()).exits(0);
    planned.says("would send 67108864 bytes");
    let traces = traced(&case, &[&put("h0")[..], &["-F", "ssh_config"]].concat());
    // Once, to be sent.
    let (_, read) = of_file(traces.path(), "large");
    assert_eq!(read, 64 << 20);
    assert!(fs::read(there).expect("it arrived") == noise(64 << 20, 0));

    // All addresses are one machine: the second host has it already.
    case.run_with_flags(&put("h1")).exits(0).says("ok: 1 ok  in");
    // Of the same size, and something else.
    fs::write(case.path("large"), noise(64 << 20, 1)).expect("written");
    case.run_with_flags(&put("h1")).exits(0).says("1 ok (1 changed)");
    assert!(fs::read(there).expect("it arrived") == noise(64 << 20, 1));
}

#[test]
fn an_artifact_is_read_once_for_all_hosts() {
    const HOSTS: usize = 12;
    const SIZE: usize = 3 * 1024 * 1024;
    let sshd = Sshd::start_with(&SshdConfig { address: "0.0.0.0", ..SshdConfig::default() });
    let case = settled(many_addresses(&sshd, HOSTS)).file("artifact.tar", noise(SIZE, 0));
    // All addresses are one machine: each host gets the file at another place.
    let sheet = format!(
        "steps:\n  - name: Push\n    task: file.put\n    hosts: all\n    \
         args: {{source: artifact.tar, target: \"{}/{{{{ host.name }}}}\"}}\n",
        case.path("").display()
    );
    let case = case.file("sheets/push.yaml", sheet);

    let traces = traced(&case, &["run", "push", "-y", "-F", "ssh_config"]);

    let content = fs::read(case.path("artifact.tar")).expect("the artifact");
    for number in 0..HOSTS {
        assert!(fs::read(case.path(&format!("h{number}"))).expect("it arrived") == content, "h{number}");
    }
    let (opened, read) = of_file(traces.path(), "artifact.tar");
    // Once for the plan, and once for all hosts.
    assert!((1..=2).contains(&opened), "opened {opened} times");
    assert!((SIZE..=2 * SIZE).contains(&read), "{read} bytes were read of it");
}

/// Runs it, and returns the folder with what it asked of the system about files.
fn traced(case: &Case, words: &[&str]) -> TempDir {
    let traces = tempfile::tempdir().expect("a folder");
    let command = case.command(words);
    let mut strace = Command::new("strace");
    // A file for each thread: no line is torn.
    strace
        .args(["-ff", "-y", "-e", "trace=openat,read,pread64,readv,mmap", "-o"])
        .arg(traces.path().join("trace"))
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().expect("a folder"))
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Ran::of(&strace.stdin(Stdio::null()).output().expect("strace runs")).exits(0);
    traces
}

/// How often a file was opened, and how many bytes were read of it.
fn of_file(traces: &Path, name: &str) -> (usize, usize) {
    let (mut opened, mut read) = (0, 0);
    for trace in fs::read_dir(traces).expect("traces") {
        let calls = fs::read_to_string(trace.expect("a trace").path()).expect("a trace");
        for call in calls.lines() {
            let result = call.rsplit_once(" = ").map_or("", |(_, result)| result);
            if call.starts_with("openat") && call.contains(&format!("{name}\"")) {
                opened += usize::from(!result.starts_with('-'));
            } else if call.contains(&format!("{name}>")) {
                assert!(!call.starts_with("mmap"), "what is read of it cannot be counted: {call}");
                read += result.parse::<usize>().expect("a number of bytes");
            }
        }
    }
    (opened, read)
}
