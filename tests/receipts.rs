//! Receipts: a host that keeps them tells how a command ended whose end nobody saw.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::practice_runs::Stage;
use crate::support::sshd::Sshd;

const SHEET: &str = "name: Receipts\nsteps:\n\
    \x20 - {name: Work, task: command, hosts: web, receipt: true, args: {run: 'echo begun >>log; sleep 3; echo done >>log; exit CODE'}}\n\
    \x20 - {name: After, task: command, hosts: web, args: {run: echo after >>log}}\n";

fn log(stage: &Stage, host: &str) -> String {
    fs::read_to_string(stage.host(host).home().join("log")).unwrap_or_default()
}

/// Runs the sheet and kills the program in the middle of its first step.
fn run_and_kill(stage: &Stage) {
    let mut command = stage.case.command(&["run", "deploy", "-F", "ssh_config"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    while ["web1", "web2"].iter().any(|host| log(stage, host).is_empty()) {
        assert!(Instant::now() < deadline, "the work did not begin");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it is killed");
    child.wait().expect("it is over");
}

#[test]
fn after_kill_9_a_receipt_says_how_it_ended_and_nobody_has_to() {
    let stage = Stage::new("web[1-2]: ok").sheet(&SHEET.replace("CODE", "0"));
    run_and_kill(&stage);
    stage.case.run_with_flags(&["resume"]).exits(0);
    for host in ["web1", "web2"] {
        assert_eq!(log(&stage, host), "begun\ndone\nafter\n");
    }
    let stage = Stage::new("web[1-2]: ok").sheet(&SHEET.replace("CODE", "7"));
    run_and_kill(&stage);
    stage.case.run_with_flags(&["resume"]).exits(5).says("exit status 7, read from its receipt");
    assert_eq!(log(&stage, "web1"), "begun\ndone\n");
}

#[test]
fn what_was_ended_from_outside_waits_for_a_person_although_there_is_a_receipt() {
    let stage = Stage::new("web[1-2]: ok").sheet(&SHEET.replace("sleep 3", "sleep 31.7").replace("CODE", "0"));
    run_and_kill(&stage);
    let ended = std::process::Command::new("pkill").args(["-KILL", "-f", "sleep 31.7"]).status().expect("pkill");
    assert!(ended.success(), "the work ran on");
    stage.case.run_with_flags(&["resume"]).exits(8).says("runsheet ended before the end was seen");
    assert_eq!((log(&stage, "web1"), log(&stage, "web2")), ("begun\n".to_owned(), "begun\n".to_owned()));
    stage.case.run_with_flags(&["resume", "--lost", "ok"]).exits(0);
    assert_eq!(log(&stage, "web1"), "begun\nafter\n");
}

#[test]
fn g_3_a_channel_that_is_closed_without_a_status_is_no_loss_with_a_receipt() {
    let sshd = Sshd::start("ChannelTimeout session:*=1s");
    let hostgroups = format!(
        "defaults: {{user: {}, identity: {}, port: {}}}\ngroups:\n  web:\n    hosts: [127.0.0.1]\n",
        sshd.user(),
        sshd.identity().display(),
        sshd.port()
    );
    let sheet = |receipt: &str| {
        format!(
            "name: G-3\nsteps:\n  - {{name: Work, task: command, hosts: web, {receipt}\
             args: {{run: 'sleep 3; touch {}/done; exit 7'}}}}\n",
            sshd.folder().display()
        )
    };
    let config = format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", sshd.known_hosts().display());
    let case = Case::new()
        .file("hostgroups/web.yaml", hostgroups)
        .file("ssh_config", config)
        .file("sheets/with.yaml", sheet("receipt: true, "))
        .file("sheets/without.yaml", sheet(""))
        .flags(&["-F", "ssh_config"]);
    case.run_with_flags(&["run", "without"]).exits(8);
    case.run_with_flags(&["run", "with"]).exits(5).says("exit status 7, read from its receipt");
    assert!(sshd.folder().join("done").exists());
}

#[test]
fn a_receipt_is_kept_of_one_command_only() {
    let stage = Stage::new("web1: ok").sheet(
        "name: No\nsteps:\n  - {name: Work, task: service.restart, hosts: web, receipt: true, args: {name: nginx}}\n",
    );
    stage.case.run(&["plan", "deploy"]).exits(2).says("no receipt can be kept of task `service.restart`");
}
