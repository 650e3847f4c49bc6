//! Two runs never work on the same hosts at once: locks on this machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::case::Ran;
use crate::practice_runs::Stage;

/// Longer than anything takes that goes well.
const PATIENCE: Duration = Duration::from_mins(1);

/// A step that writes down that it began, and ends when it is let go.
const SHEET: &str = "name: Weekly\nsteps:\n  - name: Restart apache\n    task: command\n    hosts: web\n    \
    args: {run: 'echo begun >>log; until [ -e go ]; do sleep 0.05; done'}\n";

/// A deploy that works on one host behind a balancer.
const DRAINS: &str = "name: Drains\nsteps:\n  - name: Restart\n    hosts: web1\n    do:\n      \
    - {task: command, args: {run: 'echo drained >>log; until [ -e go ]; do sleep 0.05; done'}, delegate: web3}\n      \
    - {task: command, args: {run: echo begun >>log}}\n";

fn start(stage: &Stage, args: &[&str]) -> Child {
    let all: Vec<_> = args.iter().copied().chain(["-F", "ssh_config"]).collect();
    stage.case.command(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn ends(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().expect("it ends"))
}

fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn begun(stage: &Stage, hosts: &[&str], times: usize) {
    wait_until("the step begins", || hosts.iter().all(|host| stage.lines(host, "log") == times));
}

fn let_go(stage: &Stage, hosts: &[&str]) {
    for host in hosts {
        fs::write(stage.host(host).home().join("go"), "").expect("a file");
    }
}

fn run_of(stage: &Stage) -> String {
    let folder = stage.case.runs().last().cloned().expect("a run");
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn f_46_of_fifty_runs_at_once_exactly_one_works_on_the_hosts() {
    let stage = Stage::new("web[1-2]: ok").sheet(SHEET);
    let mut children: Vec<Child> = (0..50).map(|_| start(&stage, &["run", "deploy", "--yes"])).collect();
    let deadline = Instant::now() + PATIENCE;
    let mut refused = Vec::new();
    while refused.len() < 49 {
        assert!(Instant::now() < deadline, "only {} of 50 were refused", refused.len());
        let over = children.iter_mut().position(|child| child.try_wait().expect("its state").is_some());
        match over {
            Some(over) => refused.push(ends(children.remove(over))),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    begun(&stage, &["web1", "web2"], 1);
    let winner = children.pop().expect("the one that got in");
    let (run, pid) = (run_of(&stage), winner.id());
    for ran in refused {
        let ran = ran.exits(7).says("2 hosts are locked by another run\n  web[1-2]: run ");
        assert!(ran.stderr.contains(&format!("run {run} of tester (pid {pid} on ")), "{}", ran.stderr);
        assert!(ran.stderr.contains(": run `Weekly`"), "{}", ran.stderr);
    }
    assert_eq!(stage.case.runs().len(), 1, "those who were refused left a record");

    let_go(&stage, &["web1", "web2"]);
    ends(winner).exits(0);
    assert_eq!((stage.lines("web1", "log"), stage.lines("web2", "log")), (1, 1));
    assert!(fs::read_dir(stage.case.state().join("locks")).expect("the folder").next().is_none());
}

#[test]
fn after_kill_9_of_the_holder_the_next_run_gets_in_at_once() {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    let mut holder = start(&stage, &["run", "deploy", "--yes"]);
    begun(&stage, &["web1"], 1);
    let run = run_of(&stage);
    stage.case.run_with_flags(&["run", "deploy", "--yes"]).exits(7).says(&run).says("step `Restart apache`");
    stage.case.run(&["lock", "break", &run]).exits(7).says("is alive").says(&format!("kill -INT {}", holder.id()));

    holder.kill().expect("killed");
    holder.wait().expect("it is over");

    let status = stage.case.run(&["lock", "status"]).exits(0);
    assert!(status.stdout.contains("stale") && status.stdout.contains(&run), "{}", status.stdout);
    let_go(&stage, &["web1"]);
    stage.case.run_with_flags(&["run", "deploy", "--yes"]).exits(0);
    assert_eq!(stage.lines("web1", "log"), 2);
    assert!(stage.case.run(&["lock", "status"]).exits(0).stdout.is_empty());
}

#[test]
fn runs_on_other_hosts_run_side_by_side_and_looking_takes_no_lock() {
    let stage = Stage::new("web[1-3]: ok").sheet(SHEET);
    let first = start(&stage, &["run", "deploy", "--yes", "--limit", "web1"]);
    let second = start(&stage, &["run", "deploy", "--yes", "--limit", "web2"]);
    begun(&stage, &["web1", "web2"], 1);

    let status = stage.case.run(&["lock", "status", "--format", "json"]).exits(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    let locks = status["locks"].as_array().expect("a list");
    assert_eq!(locks.len(), 2, "{status}");
    assert!(locks.iter().all(|lock| lock["state"] == "held" && lock["hosts"].as_array().map(Vec::len) == Some(1)));

    stage
        .case
        .run_with_flags(&["exec", "-g", "web", "--", "true"])
        .exits(0)
        .says("warning: 2 hosts are locked by other runs");
    let got = stage.case.run_with_flags(&["get", "log", "got", "-g", "web", "-x", "web3"]).exits(0);
    assert!(!got.stderr.contains("locked"), "{}", got.stderr);
    stage.case.run_with_flags(&["do", "command", "run=true", "-H", "web3"]).exits(0);
    let refused = stage.case.run_with_flags(&["do", "command", "run=true", "-g", "web"]).exits(7);
    assert!(
        refused.stderr.contains("\n  web1: run ") && refused.stderr.contains("\n  web2: run "),
        "{}",
        refused.stderr
    );
    let_go(&stage, &["web1", "web2"]);
    ends(first).exits(0);
    ends(second).exits(0);
}

#[test]
fn a_run_waits_for_a_lock_as_long_as_it_is_told() {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    let holder = start(&stage, &["run", "deploy", "--yes"]);
    begun(&stage, &["web1"], 1);
    let short = stage.case.run_with_flags(&["run", "deploy", "--yes", "--wait=300ms"]).exits(7);
    short.says("waiting at most 300ms (--wait): 1 host is locked").says("still so after 300ms (--wait)");
    let waiting = start(&stage, &["run", "deploy", "--yes", "--wait"]);
    let_go(&stage, &["web1"]);
    ends(holder).exits(0);
    ends(waiting).exits(0);
    assert_eq!(stage.lines("web1", "log"), 2);
}

#[test]
fn deploys_share_a_load_balancer_and_nobody_upgrades_it_meanwhile() {
    let stage = Stage::new("web[1-3]: ok").sheet(DRAINS);
    let second = DRAINS.replace("hosts: web1", "hosts: web2");
    fs::write(stage.case.path("sheets/second.yaml"), second).expect("a sheet");
    let first = start(&stage, &["run", "deploy", "--yes"]);
    begun(&stage, &["web3"], 1);
    let beside = start(&stage, &["run", "second", "--yes"]);
    begun(&stage, &["web3"], 2);

    let refused = stage.case.run_with_flags(&["do", "command", "run=true", "-H", "web3"]).exits(7);
    assert!(refused.stderr.contains("locked by other runs\n  web3: run "), "{}", refused.stderr);

    let_go(&stage, &["web3"]);
    ends(first).exits(0);
    ends(beside).exits(0);
}

#[test]
fn a_folder_of_locks_is_shared_by_users_and_their_links_lead_nowhere() {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    let locks = stage.case.path("shared");
    let project = format!("locks: {{path: {}}}\n", locks.display());
    fs::write(stage.case.path("runsheet.yaml"), project).expect("a file");
    if !rustix::process::geteuid().is_root() {
        stage.case.run_with_flags(&["run", "deploy", "--yes"]).exits(1).says("install -d -m 1777");
        fs::create_dir(&locks).expect("a folder");
        fs::set_permissions(&locks, fs::Permissions::from_mode(0o1777)).expect("a mode");
    }
    let holder = start(&stage, &["run", "deploy", "--yes"]);
    begun(&stage, &["web1"], 1);
    assert_eq!(fs::metadata(&locks).expect("the folder").permissions().mode() & 0o7777, 0o1777);
    let treasure = stage.case.path("treasure");
    fs::write(&treasure, "keep me").expect("a file");
    symlink(&treasure, locks.join("planted.lock")).expect("a link");

    let mut other = stage.case.command(&["run", "deploy", "--yes", "-F", "ssh_config"]);
    other.env("USER", "sam").env("XDG_STATE_HOME", stage.case.path("state of sam"));
    Ran::of(&other.output().expect("it runs")).exits(7).says("of tester (pid ");
    stage.case.run(&["lock", "status"]).exits(0).says("`planted.lock`");

    let_go(&stage, &["web1"]);
    ends(holder).exits(0);
    assert_eq!(fs::read_to_string(&treasure).expect("the file"), "keep me");
    assert_eq!(names(&locks), ["planted.lock"]);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn what_is_left_of_a_lock_is_removed_on_demand_and_that_is_kept_on_record() {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    let mut holder = start(&stage, &["run", "deploy", "--yes"]);
    begun(&stage, &["web1"], 1);
    let run = run_of(&stage);
    kill_process(Pid::from_child(&holder), Signal::KILL).expect("killed");
    holder.wait().expect("it is over");

    stage.case.run(&["lock", "break", "0000"]).exits(2).says("there is no lock of run `0000`");
    stage.case.run(&["lock", "break", &run[run.len() - 8..]]).exits(0);

    assert!(stage.case.run(&["lock", "status"]).exits(0).stdout.is_empty());
    let audit = stage.case.run(&["lock", "audit"]).exits(0);
    assert!(audit.stdout.contains("tester") && audit.stdout.contains(&run), "{}", audit.stdout);
    let_go(&stage, &["web1"]);
}
