//! What the pages about tasks of one's own show is what happens.

use std::fs;
use std::path::Path;

use crate::case::Case;
use crate::practice_runs::Stage;

/// The fenced blocks of a language whose first line is a comment with the path of a file.
fn files_in(page: &str, language: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page)).expect("a page");
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1).filter_map(|block| {
        let text = block.split("```").next()?;
        let path = text.lines().next()?.strip_prefix("# ")?.trim();
        path.contains('.').then(|| (path.to_owned(), text.to_owned()))
    });
    blocks.collect()
}

fn with_files(case: Case, files: &[(String, String)]) -> Case {
    files.iter().fold(case, |case, (path, text)| case.file(path, text))
}

#[test]
fn the_tasks_of_both_pages_are_tasks() {
    for (page, least) in [("scripted.md", 6), ("from-a-fabfile.md", 12)] {
        let files = files_in(page, "python");
        let (python, scripts): (Vec<_>, Vec<_>) = files.into_iter().partition(|(path, _)| path.ends_with("py"));
        assert!(scripts.len() >= least, "{page} shows {} tasks", scripts.len());
        with_files(Case::new(), &scripts).run(&["tasks", "check"]).exits(0);
        assert_eq!(python.is_empty(), page == "scripted.md");
    }
}

#[test]
fn the_python_of_the_page_is_told_what_the_page_says() {
    let python: Vec<_> =
        files_in("from-a-fabfile.md", "python").into_iter().filter(|(path, _)| path.ends_with("py")).collect();
    let told = with_files(Case::new(), &python).run(&["tasks", "check"]).exits(2).stdout;
    let page = include_str!("../docs/from-a-fabfile.md");
    assert!(told.lines().count() == 5 && page.contains(&told), "the page does not say\n{told}");
}

#[test]
fn the_sheet_of_the_page_can_be_planned() {
    let files = files_in("from-a-fabfile.md", "yaml");
    assert_eq!(files.len(), 3);
    let case = with_files(Case::new(), &files);
    let plan = case.run(&["plan", "fab"]).exits(0);
    for seen in ["local (1)", "be1.example.com (1)", "service.restart", "fe[1-2].example.com (2)  window of 1"] {
        assert!(plan.stdout.contains(seen), "`{seen}` is not in\n{}", plan.stdout);
    }
}

/// Each idiom is done on a host, and what it should have done is looked up there.
#[test]
fn every_idiom_does_what_fabric_did() {
    let stage = Stage::new("web1: ok");
    let scripts: Vec<_> =
        files_in("from-a-fabfile.md", "python").into_iter().filter(|(path, _)| path.ends_with("star")).collect();
    let case = with_files(stage.case, &scripts)
        .file("conf/app.conf", "port = 80\n")
        .file("conf/vhost.conf", "ServerName {{ host.name }}\n");
    let stage = Stage { case, ..stage };
    let home = stage.host("web1").home().to_owned();
    let read = |path: &str| fs::read_to_string(home.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let path_arg = format!("path={}", home.join("sysctl.conf").display());
    let mut done = Vec::new();
    let mut run = |task: &str, args: &[&str], code: i32| {
        done.push(task.to_owned());
        let name = format!("fab.{task}");
        let words = [&["do", name.as_str(), "-H", "web1", "-v"], args].concat();
        let ran = stage.case.run_with_flags(&words).exits(code);
        format!("{}{}", ran.stdout, ran.stderr)
    };

    run("run", &[], 0);
    assert_eq!(read("state"), "installed\n");
    let said = run("warn_only", &[], 0);
    assert!(said.contains("there was no cache"), "{said}");
    // A practice host is this machine; who runs the tests may not be allowed to become root.
    if std::process::Command::new("sudo").args(["-n", "true"]).status().is_ok_and(|status| status.success()) {
        let said = run("sudo", &[], 0);
        assert!(said.contains("root"), "{said}");
    }
    let said = run("cd", &[], 0);
    assert!(said.contains("activate sweet shop"), "{said}");
    run("put", &[], 0);
    assert_eq!(read("app.conf"), "port = 80\n");
    run("get", &["into=fetched"], 0);
    assert_eq!(fs::read_to_string(stage.case.path("fetched/web1/app.log")).expect("fetched"), "started\n");
    run("upload_template", &[], 0);
    assert_eq!(read("vhost.conf"), "ServerName web1\n");
    run("exists", &["--dry-run"], 0);
    assert!(!home.join("ready").exists(), "a dry run made it");
    run("exists", &[], 0);
    assert!(home.join("ready").exists());
    run("append", &[path_arg.as_str()], 0);
    run("append", &[path_arg.as_str()], 0);
    assert_eq!(read("sysctl.conf"), "vm.swappiness = 10\n");
    fs::write(home.join("app.ini"), "[app]\ndebug = on\n").expect("a file");
    run("sed", &[], 0);
    assert_eq!(read("app.ini"), "[app]\ndebug = off\n");
    let said = run("env", &["release=2026 11"], 0);
    assert!(said.contains("2026 11 on web1"), "{said}");
    let said = run("env", &[], 5);
    assert!(said.contains("no release"), "{said}");
    run("as_it_was", &[], 0);
    assert_eq!(read("shop.log"), "started\n");

    let shown = scripts.iter().filter_map(|(path, _)| Path::new(path).file_stem()?.to_str());
    for shown in shown.filter(|name| *name != "sudo") {
        assert!(done.iter().any(|done| done == shown), "`{shown}` is on the page, and nobody does it");
    }
}

#[test]
fn the_case_of_the_page_goes_as_it_says() {
    let scripts: Vec<_> = files_in("scripted.md", "python");
    let cases = files_in("scripted.md", "yaml");
    assert_eq!(cases.len(), 1);
    let case = with_files(with_files(Case::new(), &scripts), &cases);
    case.run(&["tasks", "test"]).exits(0).says("1 case played, 0 not as they say");
}

/// A case says what a task has to do, and one that the task does not do fails.
#[test]
fn cases_of_a_projects_own_tasks_are_played() {
    let case = Case::new()
        .file(
            "tasks/web/restart.star",
            "ARGS = {\"name\": str}\ndef do_work(config, host):\n    if host.succeeds('pgrep -x ' + config.args.name):\n        return 'it runs'\n    return \
             host.run('start ' + config.args.name)\n",
        )
        .file(
            "tasks/cases/web.restart/runs.yaml",
            "args: {name: app}\ncommands: [{is: pgrep -x app}]\noutcome: {message: it runs}\n",
        )
        .file(
            "tasks/cases/web.restart/starts.yaml",
            "args: {name: app}\ncommands:\n  - {is: pgrep -x app, exit: 1}\n  - {is: start app, stdout: started}\noutcome: {message: started, changed: true}\n",
        );
    case.run(&["tasks", "test"]).exits(0).says("2 cases played, 0 not as they say");
    let case = case.file(
        "tasks/cases/web.restart/bad.yaml",
        "args: {name: app}\ncommands: [{is: pgrep -x other}]\noutcome: {message: it runs}\n",
    );
    let ran = case.run(&["tasks", "test", "web.restart"]).exits(5).says("3 cases played, 1 not as they say");
    assert!(
        ran.stdout.contains("tasks/cases/web.restart/bad.yaml: not as it says\n    another command than"),
        "{}",
        ran.stdout
    );
    case.run(&["tasks", "test", "nobody"]).exits(2).says("the task `nobody` has no cases");
    let case = case.file("tasks/cases/web.restart/bad.yaml", "args: {nam: app}\noutcome: {message: x}\n");
    let ran = case.run(&["tasks", "test"]).exits(5);
    assert!(ran.stdout.contains("has no argument `nam`"), "{}", ran.stdout);
}
