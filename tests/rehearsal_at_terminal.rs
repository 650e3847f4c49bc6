//! Rehearsals with somebody at the terminal, who answers and interrupts: they end as runs do, and leave nothing behind.

use std::fs;
use std::process::Command;

use crate::case::{Case, Ran};
use crate::practice_runs::Stage;
use crate::terminal::Terminal;

const CTRL_C: &str = "\x03";

/// One host after the other, two seconds each: by the clock, and at sixty times the speed.
const ROLL: &str = "name: Deploy\nsteps:\n  \
    - {name: Roll, task: command, hosts: web, batch: 1, expect: 4m, args: {run: sleep 2}}\n  \
    - {name: Check, task: command, hosts: web, args: {run: 'true'}}\n";

const ASKED: &str = "name: Deploy\nsteps:\n  \
    - {name: Announce, manual: Tell support., owner: dana, expect: 1m}\n  \
    - {name: Roll, task: command, hosts: web, waves: [1, 100%], pause: ask, args: {run: 'true'}}\n";

/// Hosts that are nowhere, a sheet for them, and a folder for what a rehearsal needs for a while.
fn rehearsal(sheet: &str) -> Case {
    let case = Case::new()
        .file("hostgroups/web.yaml", "groups:\n  web:\n    hosts:\n      - web[1-2]\n")
        .file("sheets/deploy.yaml", sheet)
        .file("temporary/.kept", "");
    let temporary = case.path("temporary").display().to_string();
    case.env("TMPDIR", &temporary)
}

fn rehearse(case: &Case, flags: &[&str]) -> Command {
    case.command(&[&["run", "deploy", "--rehearse"], flags].concat())
}

/// Nothing is left of a rehearsal: no file, no folder, no record, and no process that it began.
fn left_nothing(case: &Case) {
    let names = fs::read_dir(case.path("temporary")).expect("a folder").map(|entry| entry.expect("a file").file_name());
    assert_eq!(names.collect::<Vec<_>>(), [".kept"]);
    assert!(!case.state().exists(), "a record was kept");
    let mark = format!("TMPDIR={}", case.path("temporary").display());
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let ours = processes.filter(|process| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|entry| entry == mark.as_bytes())
    });
    assert_eq!(ours.map(|process| process.file_name()).collect::<Vec<_>>(), [""; 0]);
}

fn interrupted(command: &Command) -> Ran {
    let mut terminal = Terminal::own(command);
    terminal.says("1 running").presses(CTRL_C);
    terminal.ends().exits(130)
}

#[test]
fn ctrl_c_ends_a_rehearsal_as_it_ends_a_run() {
    let stage = Stage::new("web[1-2]: ok").sheet(ROLL);
    let real = interrupted(&stage.case.command(&["run", "deploy", "-y", "-F", "ssh_config"]));
    let case = rehearsal(ROLL);
    let rehearsed = interrupted(&rehearse(&case, &["--speed", "60"]));
    for ran in [&real, &rehearsed] {
        for says in [
            "stopping: interrupted; what runs finishes, nothing new is started",
            "1 ok (1 changed), 1 cancelled",
            "not started",
            "web2  Roll: never started",
            "stopped: interrupted",
        ] {
            assert!(ran.stderr.contains(says), "no `{says}` in\n{}", ran.stderr);
        }
    }
    // Two minutes a host, and of the second host nothing.
    let finish = rehearsed.stderr.split("REHEARSAL: begun at").nth(1).expect("what it predicts");
    assert!(finish.contains("after 2m 0") && finish.contains("the sheet"), "{finish}");
    left_nothing(&case);
}

#[test]
fn the_second_ctrl_c_stops_what_is_played() {
    let case = rehearsal(&ROLL.replace("4m", "40h"));
    let mut terminal = Terminal::own(&rehearse(&case, &["--speed", "100"]));
    terminal.says("1 running").presses(CTRL_C).says("nothing new is started").presses(CTRL_C);
    terminal.ends().exits(130).says("interrupted 2 times; what runs is stopped").says("Roll: it was stopped");
    left_nothing(&case);
}

#[test]
fn ctrl_c_before_the_hosts_stand_leaves_nothing_behind() {
    let hosts = "groups:\n  web:\n    hosts:\n      - web[1-400]\n";
    let case = rehearsal(ROLL).file("hostgroups/web.yaml", hosts);
    let mut terminal = Terminal::own(&rehearse(&case, &["--speed", "60"]));
    terminal.says("REHEARSAL at").says("nothing is run").presses(CTRL_C);
    terminal.ends().exits(130);
    left_nothing(&case);
}

#[test]
fn whoever_wants_to_be_asked_is_asked_at_the_terminal() {
    let case = rehearsal(ASKED);
    let mut terminal = Terminal::own(&rehearse(&case, &["--ask", "--speed", "60"]));
    terminal
        .says("manual step: Announce (owner: dana)")
        .says("Tell support.")
        .says("proceed or abort")
        .types("p told Ines");
    terminal.says("wave 1 of 2 is over; the next one has 1 host").says("proceed or abort").types("abort no");
    terminal.ends().exits(6).says("tester says go on").says("told Ines").says("a person said no at `Roll`");
    left_nothing(&case);

    let mut terminal = Terminal::own(&rehearse(&case, &["--speed", "60"]));
    terminal.says("rehearsal says go on: nobody was asked");
    let ran = terminal.ends().exits(0).says("2 ok");
    assert!(!ran.stderr.contains("proceed or abort"), "{}", ran.stderr);
    left_nothing(&case);
}

#[test]
fn ctrl_c_at_a_question_ends_a_rehearsal_and_a_run_with_their_recaps() {
    let rehearsed = rehearsal(ASKED);
    let stage = Stage::new("web[1-2]: ok").sheet(ASKED);
    let run = stage.case.command(&["run", "deploy", "-F", "ssh_config"]);
    for command in [rehearse(&rehearsed, &["--ask"]), run] {
        let mut terminal = Terminal::own(&command);
        if command.get_args().all(|arg| arg != "--rehearse") {
            terminal.says("run it?").types("y");
        }
        terminal.says("manual step: Announce").says("proceed or abort").presses(CTRL_C);
        terminal.ends().exits(130).says("stopped: interrupted").says("not started");
    }
    left_nothing(&rehearsed);
}
