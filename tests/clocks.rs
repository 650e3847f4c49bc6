//! Clocks that jump, and a program that is stopped for a while.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use runsheet_events::EventKind;

use crate::practice_runs::Stage;

const SHEET: &str = "name: Timed\nsteps:\n\
    \x20 - {name: A, task: command, hosts: web, args: {run: 'echo a >>log; sleep 1.000'}}\n\
    \x20 - {name: B, task: command, hosts: web, args: {run: 'echo b >>log; sleep 1.000'}}\n";

fn wait_for(stage: &Stage, file: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while stage.lines("web1", file) == 0 {
        assert!(Instant::now() < deadline, "the work did not begin");
        thread::sleep(Duration::from_millis(5));
    }
}

/// How long commands took by the record, and the wall clock's times of its events, in milliseconds.
fn record(stage: &Stage) -> (Vec<Duration>, Vec<u64>) {
    let folder = stage.case.runs().pop().expect("a run");
    let text = fs::read_to_string(folder.join("journal.ndjson")).expect("a journal");
    let (mut took, mut at) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let event = runsheet_events::decode(line).expect("an event");
        at.push(u64::try_from(event.at.duration_since(std::time::UNIX_EPOCH).expect("later").as_millis()).expect("ms"));
        if let EventKind::AttemptFinished { commands, .. } = event.kind {
            took.extend(commands.into_iter().map(|command| command.took));
        }
    }
    (took, at)
}

#[test]
fn p_16_f_40_durations_are_right_although_the_clock_jumps_by_a_day() {
    let library = Command::new("sh").args(["-c", "ls /usr/lib/*/faketime/libfaketime.so.1"]).output().expect("a shell");
    let library = String::from_utf8_lossy(&library.stdout).trim().to_owned();
    assert!(!library.is_empty(), "libfaketime is installed by scripts/install-test-packages");
    for jump in ["+1d", "-1d"] {
        let stage = Stage::new("web1: ok").sheet(SHEET);
        let clock = stage.case.path("clock");
        fs::write(&clock, "+0d").expect("a file");
        let mut child = stage
            .case
            .command(&["run", "deploy", "-F", "ssh_config"])
            .env("LD_PRELOAD", &library)
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        wait_for(&stage, "log");
        fs::write(&clock, jump).expect("a file");
        assert!(child.wait().expect("it ends").success());
        let (took, at) = record(&stage);
        let jumped = at.windows(2).any(|pair| pair[0].abs_diff(pair[1]) > 80_000_000);
        assert!(jumped, "the clock did not jump: {at:?}");
        for took in &took {
            assert!(*took >= Duration::from_millis(995) && *took < Duration::from_secs(4), "{took:?}");
        }
        assert_eq!(took.len(), 2);
    }
}

#[test]
fn f_37_a_program_that_was_stopped_for_longer_than_a_timeout_calls_no_time_out() {
    let stage = Stage::new("web[1-3]: ok").sheet(SHEET);
    let child = stage
        .case
        .command(&["run", "deploy", "-F", "ssh_config", "-T", "3s"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for(&stage, "log");
    let signal = |name: &str| {
        let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    };
    signal("STOP");
    thread::sleep(Duration::from_secs(7));
    signal("CONT");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(["web1", "web2", "web3"].map(|host| stage.lines(host, "log")), [2, 2, 2]);
}
