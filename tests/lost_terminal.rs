//! A terminal that goes away does not end a deploy that is half done, unless somebody wants that.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::practice_runs::Stage;

const PATIENCE: Duration = Duration::from_secs(30);

const SHEET: &str = "name: Long\nsteps:\n\
    \x20 - {name: A, task: command, hosts: web, args: {run: 'echo a >>log; sleep 1'}}\n\
    \x20 - {name: B, task: command, hosts: web, args: {run: echo b >>log}}\n";

fn wait_for(what: &str, mut seen: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !seen() {
        assert!(Instant::now() < deadline, "{what} is not seen within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn f_36_a_terminal_that_goes_away_does_not_end_a_deploy() {
    let stage = Stage::new("web[1-2]: ok").sheet(SHEET);
    let run = stage.case.command(&["run", "-F", "ssh_config", "-y", "deploy"]);
    let socket = stage.case.path("tmux");
    let tmux = |args: &[&str]| {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(&socket).args(["-f", "/dev/null"]).args(args);
        tmux.stdin(Stdio::null()).stdout(Stdio::null());
        tmux
    };
    let mut session = tmux(&["new-session", "-d", "--"]);
    session.arg(run.get_program()).args(run.get_args());
    if let Some(folder) = run.get_current_dir() {
        session.current_dir(folder);
    }
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => session.env(name, value),
            None => session.env_remove(name),
        };
    }
    assert!(session.status().expect("tmux is installed by scripts/install-test-packages").success());
    wait_for("the first step", || stage.lines("web1", "log") == 1 && stage.lines("web2", "log") == 1);

    // Its terminal is gone with this, and it is told so by SIGHUP.
    assert!(tmux(&["kill-server"]).status().expect("tmux").success());

    wait_for("the second step", || stage.lines("web1", "log") == 2 && stage.lines("web2", "log") == 2);
    let journal = stage.case.runs()[0].join("journal.ndjson");
    wait_for("the end in the record", || {
        fs::read_to_string(&journal).is_ok_and(|text| text.contains(r#""event":"run_finished""#))
    });
    let record = fs::read_to_string(&journal).expect("it was read before");
    assert!(record.contains("the terminal is gone (SIGHUP); the run goes on"), "{record}");
}

#[test]
fn f_36_who_wants_it_stops_a_deploy_with_its_terminal() {
    let stage = Stage::new("web[1-2]: ok").sheet(SHEET);
    let mut run = stage.case.command(&["run", "-F", "ssh_config", "-y", "--hup=stop", "deploy"]);
    let run = run.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("runsheet starts");
    wait_for("the first step", || stage.lines("web1", "log") == 1 && stage.lines("web2", "log") == 1);

    kill_process(Pid::from_child(&run), Signal::HUP).expect("a signal");

    let ended = run.wait_with_output().expect("it ended");
    assert_eq!(ended.status.code(), Some(143), "as with SIGTERM");
    assert_eq!((stage.lines("web1", "log"), stage.lines("web2", "log")), (1, 1), "nothing new is started");
}
