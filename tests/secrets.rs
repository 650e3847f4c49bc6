//! A canary in a secret is found nowhere: not in any output, the journal, the plan, output files, or a command line of a host.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::practice_runs::Stage;

const CANARY: &str = "c4n4ry'and\"more";

const SHEET: &str = "name: Secrets\nsteps:\n\
    \x20 - {name: Leak, task: command, hosts: web, args: {run: 'tee copy; cat copy >&2; base64 copy; sleep 0.3; exit 0', stdin: {secret: canary}}}\n\
    \x20 - {name: Fail, task: command, hosts: web, args: {run: 'cat; exit 7', stdin: {secret: canary}}}\n";

#[test]
fn a_secret_is_written_nowhere() {
    for verbosity in ["-q", "-v", "-vvvv"] {
        for format in ["human", "plain", "json"] {
            let stage = Stage::new("web[1-2]: ok").sheet(SHEET);
            let stage = with_secret(stage);
            let watcher = Watcher::start();
            let ran = stage.case.run_with_flags(&["run", "deploy", verbosity, "--format", format]).exits(5);
            let command_lines = watcher.stop();
            let show = stage.case.run(&["show", "-a"]).exits(0);
            let replay = stage.case.run(&["replay", "--speed", "0"]).exits(0);
            let history = stage.case.run(&["history"]).exits(0);
            assert_eq!(fs::read_to_string(stage.host("web1").home().join("copy")).expect("it arrived"), CANARY);
            let mut places = vec![("command lines", command_lines)];
            for ran in [ran, show, replay, history] {
                places.push(("stdout", ran.stdout));
                places.push(("stderr", ran.stderr));
            }
            for (path, bytes) in stage.case.all_state() {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                assert!(!path.to_string_lossy().contains("c4n4ry"));
                places.push(("state", text));
            }
            for (place, text) in places {
                for form in ["c4n4ry", "YzRuNHJ5"] {
                    assert!(!text.contains(form), "{verbosity} {format}: the secret is in {place}: {text}");
                }
            }
        }
    }
}

#[test]
fn a_plan_names_a_secret_and_does_not_read_it() {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    let stage = with_secret(stage);
    let plan = stage.case.run(&["plan", "deploy", "--format", "json"]).exits(0);
    assert!(plan.stdout.contains("canary") && !plan.stdout.contains("c4n4ry"), "{}", plan.stdout);
}

#[test]
fn a_secret_that_is_not_there_is_told_before_any_host_is_touched() {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    stage.case.run_with_flags(&["run", "deploy"]).exits(2).says("there is no secret `canary`");
    assert_eq!(stage.host("web1").connections(), 0);
}

fn with_secret(stage: Stage) -> Stage {
    let case = stage.case.file("runsheet.yaml", "secrets: {canary: {env: CANARY}}\n").env("CANARY", CANARY);
    Stage { case, ..stage }
}

/// Reads the command lines of all processes of this machine, again and again, as any user of a host can.
pub(crate) struct Watcher {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<String>,
}

impl Watcher {
    pub(crate) fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let thread = thread::spawn(move || {
            let mut all = String::new();
            while !seen.load(Ordering::Relaxed) {
                for entry in fs::read_dir("/proc").expect("/proc").flatten() {
                    if let Ok(bytes) = fs::read(entry.path().join("cmdline")) {
                        all.push_str(&String::from_utf8_lossy(&bytes));
                        all.push('\n');
                    }
                }
                thread::yield_now();
            }
            all
        });
        Self { stop, thread }
    }

    pub(crate) fn stop(self) -> String {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it ends")
    }
}
