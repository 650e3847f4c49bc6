//! Files that a step makes while the sheet runs: what was there at its end is what later steps send, and nothing else.

use std::fs;
use std::process::Command;

use runsheet_events::{EventKind, MadeFile};
use sha2::{Digest, Sha256};

use crate::case::Case;
use crate::practice_runs::Stage;
use crate::terminal::Terminal;

/// A person builds, something happens, and the file is sent.
fn stage(meanwhile: &str) -> Stage {
    let stage = Stage::new("web[1-2]: ok");
    fs::create_dir(stage.case.path("dist")).expect("a folder");
    let meanwhile = meanwhile.replace("DIST", stage.case.path("dist").to_str().expect("text"));
    let sheet = format!(
        "steps:\n\
         \x20 - {{name: Build, manual: Build it., makes: dist/app}}\n\
         \x20 - {{name: Meanwhile, task: command, hosts: web1, args: {{run: '{meanwhile}'}}}}\n\
         \x20 - {{name: Send, task: file.put, hosts: web, args: {{source: dist/app, target: app}}}}\n"
    );
    for host in ["web1", "web2"] {
        fs::write(stage.host(host).home().join("app"), "the version before").expect("written");
    }
    stage.sheet(&sheet)
}

impl Stage {
    fn app_on(&self, host: &str) -> String {
        fs::read_to_string(self.host(host).home().join("app")).expect("a file")
    }
}

/// What the record of a run says about files.
fn made(case: &Case) -> Vec<MadeFile> {
    let journal = fs::read_to_string(case.runs()[0].join("journal.ndjson")).expect("a journal");
    let events = journal.lines().map(|line| runsheet_events::decode(line).expect("an event").kind);
    events.filter_map(|kind| if let EventKind::FileMade { file, .. } = kind { Some(file) } else { None }).collect()
}

fn sha256(text: &str) -> String {
    runsheet_model::hex(&Sha256::digest(text))
}

#[test]
fn a_file_that_a_step_makes_is_recorded_and_sent() {
    let stage = stage("true");
    // It need not be there while the sheet is planned and approved.
    stage.case.run(&["plan", "deploy", "--out", "approved.json"]).exits(0);
    let plan = stage.case.run(&["plan", "deploy"]).exits(0);
    assert!(plan.stdout.contains("manual; makes dist/app"), "{}", plan.stdout);
    fs::write(stage.case.path("dist/app"), "version 2").expect("written");
    let ran = stage.case.run_with_flags(&["run", "deploy", "--plan", "approved.json", "--yes"]).exits(0);
    ran.says(&format!("dist/app is made: 9 bytes, sha256 {}", &sha256("version 2")[..12]));
    assert_eq!((stage.app_on("web1").as_str(), stage.app_on("web2").as_str()), ("version 2", "version 2"));
    let file = MadeFile { path: "dist/app".to_owned(), sha256: sha256("version 2"), bytes: 9, executable: false };
    assert_eq!(made(&stage.case), [file]);
    stage.case.run(&["journal", "verify"]).exits(0);
}

#[test]
fn a_file_that_changed_since_it_was_made_replaces_nothing() {
    for change in ["echo evil >DIST/app", "echo more >>DIST/app", "rm DIST/app", "rm DIST/app && mkfifo DIST/app"] {
        let stage = stage(change);
        fs::write(stage.case.path("dist/app"), "version 2").expect("written");
        let ran = stage.case.run_with_flags(&["run", "deploy", "--yes"]).exits(5);
        assert!(ran.stderr.contains("web1") && ran.stderr.contains("web2"), "{change}: {}", ran.stderr);
        if change.starts_with("echo") {
            assert!(ran.stderr.contains("its content has changed since"), "{change}: {}", ran.stderr);
        }
        let before = "the version before";
        assert_eq!((stage.app_on("web1").as_str(), stage.app_on("web2").as_str()), (before, before), "{change}");
    }
}

#[test]
fn a_file_that_was_not_made_fails_its_step_and_nothing_later_starts() {
    let stage = stage("echo begun >begun");
    let ran = stage.case.run_with_flags(&["run", "deploy", "--yes"]).exits(5);
    ran.says("`Build` has not made `dist/app`: No such file or directory").says("over, file not made");
    fs::create_dir(stage.case.path("dist/app")).expect("a folder");
    stage.case.run_with_flags(&["run", "deploy", "--yes"]).exits(5).says("has not made `dist/app`: it is not a file");
    assert_eq!(stage.host("web1").connections(), 0);
    let show = stage.case.run(&["show"]).exits(0);
    assert!(show.stdout.contains("has not made `dist/app`"), "{}", show.stdout);
    let history = stage.case.run(&["history"]).exits(0);
    assert!(history.stdout.contains("file not made"), "{}", history.stdout);
}

#[test]
fn a_host_may_make_the_file() {
    let stage = stage("true").sheet(
        "steps:\n\
         \x20 - {name: Build, hosts: web1, makes: built/web1/app, do: [{task: command, args: {run: echo fresh >app}}, {task: file.get, args: {source: app, target: built}}]}\n\
         \x20 - {name: Send, task: file.put, hosts: web2, args: {source: built/web1/app, target: app}}\n",
    );
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    assert_eq!(stage.app_on("web2"), "fresh\n");
    assert_eq!(made(&stage.case)[0].sha256, sha256("fresh\n"));
}

#[test]
fn a_person_builds_the_file_while_the_question_stands() {
    let stage = stage("true");
    let command = stage.case.command(&["run", "deploy", "-F", "ssh_config"]);
    let mut terminal = Terminal::start(command);
    terminal.says("run it?").types("y");
    terminal.says("Build it.").says("proceed or abort");
    fs::write(stage.case.path("dist/app"), "version 3").expect("written");
    terminal.types("proceed");
    assert_eq!(terminal.ends().code, 0);
    assert_eq!(stage.app_on("web2"), "version 3");
    assert_eq!(made(&stage.case)[0].sha256, sha256("version 3"));
}

#[test]
fn a_pipe_in_the_place_of_the_file_holds_nobody_up() {
    let stage = stage("true");
    let pipe = stage.case.path("dist/app");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    stage.case.run_with_flags(&["run", "deploy", "--yes"]).exits(5).says("has not made `dist/app`: it is not a file");
}
