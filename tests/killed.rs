//! `kill -9` at any moment loses no outcome that was shown.

use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use runsheet_events::{EventKind, RunEvent};

use crate::practice_runs::Stage;

const SHEET: &str = "name: Kill me\nsteps:\n\
    \x20 - {name: A, task: command, hosts: web, args: {run: 'echo a >>log; sleep 0.02'}}\n\
    \x20 - {name: B, task: command, hosts: web, args: {run: echo b >>log}}\n\
    \x20 - {name: C, task: command, hosts: web, args: {run: echo c >>log}}\n";

#[test]
fn f_38_kill_9_at_any_moment_loses_no_outcome_that_was_shown() {
    let rounds: u32 = if std::env::var_os("RUNSHEET_LONG").is_some() { 300 } else { 50 };
    let stage = Stage::new("web[1-8]: ok").sheet(SHEET);
    // How long a run takes that nobody kills: moments are drawn from that.
    let started = Instant::now();
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let whole = started.elapsed();
    let mut torn_off = 0;
    let mut outcomes = 0;
    for round in 0..rounds {
        let moment = whole.mul_f64(f64::from(round) / f64::from(rounds) * 1.1);
        let shown = run_and_kill(&stage, moment);
        let Some(folder) = stage.case.runs().last().cloned() else { continue };
        let journal = std::fs::read_to_string(folder.join("journal.ndjson")).unwrap_or_default();
        let kept: Vec<RunEvent> =
            journal.split_inclusive('\n').filter_map(|line| runsheet_events::decode(line.trim_end()).ok()).collect();
        for event in &shown {
            let found = kept.iter().find(|kept| kept.seq == event.seq);
            assert_eq!(
                found.map(|kept| &kept.kind),
                Some(&event.kind),
                "round {round}: a shown event is not in {folder:?}"
            );
        }
        outcomes += shown.iter().filter(|event| matches!(event.kind, EventKind::AttemptFinished { .. })).count();
        torn_off += u32::from(!kept.iter().any(|event| matches!(event.kind, EventKind::RunFinished { .. })));
        if !journal.is_empty() {
            stage.case.run(&["journal", "verify"]).exits(0);
            stage.case.run(&["show"]).exits(0);
        }
    }
    assert!(torn_off > rounds / 4, "only {torn_off} of {rounds} runs were really cut short");
    assert!(outcomes > 0, "no outcome was ever shown before a kill");
}

/// Runs the sheet, kills the program at a moment, and gives the events that it had shown by then.
fn run_and_kill(stage: &Stage, moment: Duration) -> Vec<RunEvent> {
    let mut child = stage
        .case
        .command(&["run", "deploy", "--format", "json", "-F", "ssh_config"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut stdout = child.stdout.take().expect("its output");
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let mut block = [0; 4096];
        while let Ok(count) = stdout.read(&mut block) {
            if count == 0 {
                break;
            }
            text.extend_from_slice(&block[..count]);
        }
        _ = send.send(text);
    });
    thread::sleep(moment);
    _ = child.kill();
    child.wait().expect("it is over");
    let text = receive.recv_timeout(Duration::from_secs(20)).expect("its output ends");
    // The last line may be cut in the middle: it was not shown.
    String::from_utf8_lossy(&text)
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| runsheet_events::decode(line.trim_end()).expect("an event"))
        .collect()
}
