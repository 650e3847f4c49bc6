//! What was approved is what runs: `plan --out`, and `run --plan`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::case::Ran;
use crate::practice_runs::Stage;

const SHEET: &str = "name: Release\nvars: {word: hello}\nsteps:\n\
    \x20 - {name: Send, task: file.put, hosts: web, args: {source: dist/app, target: app}}\n\
    \x20 - {name: Say, task: command, hosts: web, args: {run: 'echo {{ vars.word }} >>log'}}\n";

fn stage() -> Stage {
    let stage = Stage::new("web[1-3]: ok").sheet(SHEET);
    fs::create_dir(stage.case.path("dist")).expect("a folder");
    fs::write(stage.case.path("dist/app"), "version 1").expect("written");
    stage
}

impl Stage {
    /// Approves the plan as it is now, and gives its hash.
    fn approve(&self) -> String {
        self.case.run(&["plan", "deploy", "--out", "approved.json"]).exits(0);
        self.approved()["hash"].as_str().expect("a hash").to_owned()
    }

    fn approved(&self) -> Value {
        serde_json::from_slice(&fs::read(self.case.path("approved.json")).expect("a file")).expect("json")
    }

    fn run_approved(&self, plan: &str, more: &[&str]) -> Ran {
        self.case.run_with_flags(&[&["run", "deploy", "--plan", plan], more].concat())
    }

    /// Looks on the hosts and in the state folder: nothing was done, and nothing recorded.
    #[track_caller]
    fn is_untouched(&self) {
        for host in ["web1", "web2", "web3"] {
            assert_eq!(self.host(host).connections(), 0, "{host} heard of us");
        }
        assert_eq!(self.case.runs(), Vec::<std::path::PathBuf>::new(), "a run was recorded");
    }
}

#[test]
fn the_approved_plan_runs_given_as_a_file_or_as_its_hash() {
    let stage = stage();
    let hash = stage.approve();
    let mode = fs::metadata(stage.case.path("approved.json")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let as_data = stage.case.run(&["plan", "deploy", "--format", "json"]).exits(0).stdout;
    assert_eq!(as_data, fs::read_to_string(stage.case.path("approved.json")).expect("text"));
    for (runs, plan) in ["approved.json", &hash, &hash["sha256:".len()..][..12]].into_iter().enumerate() {
        stage.run_approved(plan, &[]).exits(0);
        assert_eq!(stage.lines("web3", "log"), runs + 1);
    }
}

#[test]
fn what_differs_from_the_approved_plan_is_told_and_nothing_runs() {
    let stage = stage();
    let hash = stage.approve();
    let groups = fs::read_to_string(stage.case.path("hostgroups/web.yaml")).expect("host groups");
    let change = |path: &str, text: &str| {
        let path = stage.case.path(path);
        let before = fs::read(&path).expect("a file");
        fs::write(&path, text).expect("written");
        move || fs::write(path, before).expect("written")
    };
    let cases: &[(&str, String, &[&str], &str)] = &[
        (
            "sheets/deploy.yaml",
            SHEET.replace(">>log", ">log"),
            &[],
            "step `say`: `run` was `echo hello >>log` and is now `echo hello >log`",
        ),
        ("sheets/deploy.yaml", SHEET.replace("web,", "'web,!web2',"), &[], "step `send`: it no longer has web2"),
        (
            "sheets/deploy.yaml",
            SHEET.replace("name: Say,", "name: Say, sudo: true,"),
            &[],
            "step `say`: whom its commands become was nobody and is now `root` by sudo",
        ),
        ("dist/app", "version 2".to_owned(), &[], "dist/app` has another content"),
        (
            "hostgroups/web.yaml",
            format!("{groups}    vars: {{app: x}}\n"),
            &[],
            "variable `app` was nothing and is now `x`, on web[1-3] (3 hosts)",
        ),
        ("dist/app", "version 1".to_owned(), &["--limit", "web1"], "step `send`: it no longer has web[2-3] (2 hosts)"),
        ("dist/app", "version 1".to_owned(), &["--set", "word=bye"], "variable `word` was `hello` and is now `bye`"),
        ("dist/app", "version 1".to_owned(), &["--skip", "send"], "step `send` does not run any more: `in --skip`"),
        ("dist/app", "version 1".to_owned(), &["-f", "1"], "step `say`: `forks` was 64 and is now 1"),
    ];
    for (path, text, flags, told) in cases {
        let take_back = change(path, text);
        stage.run_approved("approved.json", flags).exits(6).says("the plan is not the approved one").says(told);
        stage.run_approved("approved.json", &[*flags, &["--format", "json"]].concat()).exits(6).says(told);
        stage.run_approved(&hash, flags).exits(6).says(&hash["sha256:".len()..][..12]);
        take_back();
    }
    stage.is_untouched();

    // A plan that ran is known by its hash as well.
    stage.run_approved(&hash, &[]).exits(0);
    let ran = stage.run_approved(&hash, &["--set", "word=bye"]).exits(6);
    let ran = ran.says("what differs from run ").says("variable `word` was `hello` and is now `bye`");
    assert_eq!(stage.lines("web1", "log"), 1, "{}", ran.stderr);
}

#[test]
fn how_hosts_are_reached_and_who_owns_a_step_needs_no_new_approval() {
    let stage = stage();
    stage.approve();
    let sheet = SHEET.replace("name: Say,", "name: Say it, id: say, owner: dana, notes: Softly., expect: 5m,");
    fs::write(stage.case.path("sheets/deploy.yaml"), sheet).expect("written");
    stage.run_approved("approved.json", &["-t", "20s"]).exits(0);
    assert_eq!(stage.lines("web1", "log"), 1);
}

#[test]
fn a_file_that_is_not_the_approved_plan_is_told_as_what_it_is() {
    let stage = stage();
    stage.approve();
    let approved = fs::read_to_string(stage.case.path("approved.json")).expect("text");
    let cases: &[(String, &str)] = &[
        (approved.replace("echo hello", "echo howdy"), "it was changed: its content has the hash"),
        (approved.replace("\"web3\"", "\"web4\""), "it was changed"),
        (approved.replace("\"after\": [\n        0", "\"after\": [\n        99"), "it was changed"),
        (
            approved.replace("\"format\": 3", "\"format\": 4"),
            "it has another form than the plans of this version of runsheet (4, not 3)",
        ),
        (approved.replace("\"forks\": 64,", ""), "missing field `forks`"),
        (approved[..approved.len() / 2].to_owned(), "EOF while parsing"),
        ("steps: []\n".to_owned(), "it is not a plan"),
        ("{}".to_owned(), "it is not a plan"),
        (String::new(), "it is not a plan"),
        (approved.replace(stage.approved()["hash"].as_str().expect("a hash"), r"\u001b[2J"), "and not \\x1b[2J"),
    ];
    for (text, told) in cases {
        assert_ne!(*text, approved, "{told}");
        fs::write(stage.case.path("approved.json"), text).expect("written");
        stage.run_approved("approved.json", &[]).exits(2).says("cannot be taken for the approved plan").says(told);
    }
    stage.run_approved("sheets", &[]).exits(2).says("it is not a file");
    stage.run_approved("missing.json", &[]).exits(2).says("No such file");
    stage.run_approved("0123456789a", &[]).exits(2).says("at least its first 12 digits");
    fs::File::create(stage.case.path("huge")).expect("a file").set_len(1 << 40).expect("room");
    stage.run_approved("huge", &[]).exits(2).says("it is larger than 256 MiB");
    stage.is_untouched();
}

#[test]
fn a_plan_is_written_over_nothing_unless_that_is_wanted() {
    let stage = stage();
    fs::write(stage.case.path("approved.json"), "mine").expect("written");
    let out = ["plan", "deploy", "--out", "approved.json"];
    stage.case.run(&out).exits(2).says("`--force` replaces it");
    assert_eq!(fs::read_to_string(stage.case.path("approved.json")).expect("text"), "mine");
    stage.case.run(&[&out[..], &["--force"]].concat()).exits(0);
    assert_eq!(stage.approved()["sheet"], "Release");
    stage.case.run(&["plan", "deploy", "--out", "nowhere/approved.json"]).exits(1).says("failed to write");
    let left: Vec<_> =
        fs::read_dir(stage.case.path("")).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{left:?}");
}
