//! Rollouts of the whole program on practice hosts, with somebody at the terminal. The evidence is what hosts wrote.

use std::fs;

use crate::practice_runs::Stage;
use crate::terminal::Terminal;

const CHAIN: &str = "name: Roll\nsteps:\n\
    \x20 - name: Roll web\n    hosts: web\n    waves: [1, 100%]\n    pause: ask\n\
    \x20   do:\n\
    \x20     - {task: command, args: {run: echo out >>log}}\n\
    \x20     - {task: command, args: {run: \"test ! -e broken && echo worked >>log\"}}\n\
    \x20   rollback:\n      - {task: command, args: {run: echo back >>log}}\n\
    \x20 - name: After\n    hosts: web\n    task: command\n    args: {run: echo after >>log}\n";

fn log(stage: &Stage, host: &str) -> String {
    let text = fs::read_to_string(stage.host(host).home().join("log")).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn at_terminal(stage: &Stage) -> Terminal {
    let mut command = stage.case.command(&["run", "-F", "ssh_config", "deploy"]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::start(command);
    terminal.says("run it? [y/N]").types("y");
    terminal
}

#[test]
fn a_person_approves_a_wave_and_has_a_failed_host_tried_again_from_where_it_failed() {
    let stage = Stage::new("web[1-3]: ok").sheet(CHAIN);
    let broken = stage.host("web2").home().join("broken");
    fs::write(&broken, "").expect("written");
    let mut terminal = at_terminal(&stage);
    terminal.says("wave 1 of 2 is over; the next one has 2 hosts").says("proceed or abort").types("p looks good");
    terminal.says("1 host did not end well").says("web2: ").says("abort, and a note");
    assert_eq!(log(&stage, "web3"), "out worked");
    fs::remove_file(broken).expect("mended");
    terminal.types("what").says("please answer").types("retry mended it");
    let ran = terminal.ends().exits(0);
    assert!(ran.stderr.contains("says go on: looks good") && ran.stderr.contains("says try again: mended it"));
    for host in ["web1", "web2", "web3"] {
        assert_eq!(log(&stage, host), "out worked after", "{host}");
    }
    let record = fs::read_to_string(stage.case.runs()[0].join("journal.ndjson")).expect("the record");
    assert!(record.contains(r#""choice":"retry""#), "{record}");
}

#[test]
fn a_person_goes_on_without_a_failed_host() {
    let stage = Stage::new("web[1-3]: ok").sheet(CHAIN);
    fs::write(stage.host("web1").home().join("broken"), "").expect("written");
    let mut terminal = at_terminal(&stage);
    terminal.says("2 hosts of the step not started yet").says("and a note").types("exclude");
    terminal.says("wave 1 of 2 is over").types("p");
    terminal.ends().exits(5);
    assert_eq!(log(&stage, "web1"), "out");
    assert_eq!(
        (log(&stage, "web2"), log(&stage, "web3")),
        ("out worked after".to_owned(), "out worked after".to_owned())
    );
}

#[test]
fn nobody_is_asked_where_flags_answer_and_the_policy_decides() {
    let sheet = CHAIN.replace("    pause: ask\n", "    on_failure: rollback\n");
    let stage = Stage::new("web[1-3]: ok").sheet(&sheet);
    fs::write(stage.host("web3").home().join("broken"), "").expect("written");
    for flag in ["-y", "--no-input"] {
        let ran = stage.case.run_with_flags(&["run", "deploy", flag]).exits(5);
        assert!(!ran.stderr.contains("and a note"), "{}", ran.stderr);
    }
    assert_eq!(log(&stage, "web1"), "out worked back out worked back");
    assert_eq!(log(&stage, "web3"), "out back out back", "what had begun is undone");
}
