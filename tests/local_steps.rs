//! Steps on the machine that runs runsheet: what the project allows is started, without a shell, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::practice_runs::Stage;

const BUILD: &str = "#!/bin/sh\nmkdir -p dist\nprintf '%s %s %s\\n' \"$1\" \"$FLAVOUR\" \"$(basename \"$PWD\")\" > dist/app\necho built\n";

/// A project with a program of its own, and what it allows.
fn stage(allow: &str, steps: &str) -> Stage {
    let stage = Stage::new("web[1-2]: ok").sheet(&format!("vars: {{version: '7'}}\nsteps:\n{steps}"));
    let case = stage.case.file("build.sh", BUILD).file("runsheet.yaml", format!("local: {{allow: [{allow}]}}\n"));
    fs::set_permissions(case.path("build.sh"), fs::Permissions::from_mode(0o755)).expect("a program");
    Stage { case, ..stage }
}

#[test]
fn what_is_built_here_is_sent_to_the_hosts() {
    let stage = stage(
        "./build.sh",
        "  - {name: Build, task: command, on: local, env: {FLAVOUR: sweet}, args: {run: './build.sh {{ vars.version }}'}, makes: dist/app}\n  \
         - {name: Send, task: file.put, hosts: web, args: {source: dist/app, target: app}}\n",
    );
    let plan = stage.case.run(&["plan", "deploy"]).exits(0);
    assert!(plan.stdout.contains("local"), "{}", plan.stdout);
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let folder = stage.case.path("");
    let folder = folder.file_name().expect("a name").to_string_lossy();
    for host in ["web1", "web2"] {
        let sent = fs::read_to_string(stage.host(host).home().join("app")).expect("it was sent");
        assert_eq!(sent, format!("7 sweet {folder}\n"), "environment and folder are the project's");
    }
    stage.case.run(&["preflight", "sheets/deploy.yaml", "-F", "ssh_config"]).exits(0).says("looking at 2 hosts");
}

#[test]
fn what_is_not_allowed_is_told_while_planning_and_not_started() {
    let step = |run: &str| format!("  - {{name: Build, task: command, on: local, args: {{run: \"{run}\"}}}}\n");
    for (allow, run, said) in [
        ("", "./build.sh", "sheets/deploy.yaml:3:57: `./build.sh` may not be started on this machine"),
        ("./build.sh", "/bin/sh -c ./build.sh", "`/bin/sh` may not be started on this machine"),
        ("./build.sh", "./build.sh; touch x", "`;` means something to a shell, and none reads `./build.sh; touch x`"),
        ("./build.sh", "./build.sh $HOME", "`$` means something to a shell"),
        ("./build.sh", "./build.sh 'x", "a quote is not closed"),
    ] {
        let stage = stage(allow, &step(run));
        stage.case.run_with_flags(&["run", "deploy"]).exits(2).says(said);
        assert!(!stage.case.path("dist").exists() && !stage.case.path("x").exists(), "{run}");
        assert!(stage.case.runs().is_empty(), "{run}");
    }
    let hint = stage("", &step("bazel build")).case.run_with_flags(&["run", "deploy"]).exits(2);
    hint.says("hint: if it may, say so in runsheet.yaml: `local: {allow: [bazel]}`");
}

#[test]
fn a_script_starts_here_what_is_allowed_and_nothing_else() {
    let stage = stage("./build.sh", "  - {name: Build, task: build, on: local}\n");
    let case = stage.case.file(
        "tasks/build.star",
        "def do_work(config, host):\n    built = host.run('./build.sh ' + quote('a b'))\n    other = host.run('touch x')\n    return (built.text + '|' + \
         other.text, other.code)\n",
    );
    let ran = case.run(&["run", "deploy"]).exits(5);
    ran.says("built|`touch` may not be started on this machine");
    assert!(fs::read_to_string(case.path("dist/app")).expect("built").starts_with("a b "));
    assert!(!case.path("x").exists());
    // Nor does it become somebody else there without a word.
    let case = case.file("tasks/build.star", "def do_work(config, host):\n    return host.sudo('./build.sh x')\n");
    case.run(&["run", "deploy"]).exits(5).says("nobody becomes another user on this machine");
    assert!(fs::read_to_string(case.path("dist/app")).expect("built").starts_with("a b "), "it was started");
    // Tasks that ask a host by a shell do not work here, and say so.
    let case = case
        .file("sheets/deploy.yaml", "steps:\n  - {name: Check, task: service.status, on: local, args: {name: cron}}\n");
    case.run(&["run", "deploy"]).exits(5).says("`/bin/sh` may not be started on this machine");
    let case = case.file(
        "sheets/deploy.yaml",
        "steps:\n  - {name: Send, task: file.write, on: local, args: {content: x, target: x}}\n",
    );
    case.run(&["run", "deploy"]).exits(5).says("files are neither sent to this machine nor fetched from it");
    assert!(!case.path("x").exists());
}

#[test]
fn a_program_here_ends_with_its_limit_and_all_that_it_started() {
    let stage =
        stage("./hang.sh", "  - {name: Build, task: command, on: local, timeout: 1s, args: {run: ./hang.sh}}\n");
    let case = stage.case.file("hang.sh", "#!/bin/sh\nsleep 600 &\necho $! > child\nwait\n");
    fs::set_permissions(case.path("hang.sh"), fs::Permissions::from_mode(0o755)).expect("a program");
    let begin = Instant::now();
    case.run(&["run", "deploy"]).exits(5).says("it did not end within 1s and was stopped");
    assert!(begin.elapsed() < Duration::from_secs(20));
    let child = fs::read_to_string(case.path("child")).expect("a number");
    let child = format!("/proc/{}/stat", child.trim());
    let deadline = Instant::now() + Duration::from_secs(5);
    while fs::read_to_string(&child).is_ok_and(|stat| !stat.contains(") Z")) {
        assert!(Instant::now() < deadline, "what it started lives on");
        std::thread::yield_now();
    }
}

#[test]
fn the_second_interrupt_stops_a_program_here() {
    let stage = stage("./hang.sh", "  - {name: Build, task: command, on: local, args: {run: ./hang.sh}}\n");
    let case = stage.case.file("hang.sh", "#!/bin/sh\necho started > started\nexec sleep 600\n");
    fs::set_permissions(case.path("hang.sh"), fs::Permissions::from_mode(0o755)).expect("a program");
    let mut running = case.command(&["run", "deploy"]).spawn().expect("the program runs");
    let pid = Pid::from_raw(i32::try_from(running.id()).expect("small")).expect("a number");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !case.path("started").exists() {
        assert!(Instant::now() < deadline, "it did not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(pid, Signal::INT).expect("it runs");
    std::thread::sleep(Duration::from_millis(300));
    assert!(running.try_wait().expect("a state").is_none(), "the first interrupt lets it finish");
    kill_process(pid, Signal::INT).expect("it runs");
    assert_eq!(running.wait().expect("an end").code(), Some(130));
}

#[test]
fn a_host_that_is_called_local_is_no_riddle() {
    let stage = stage("./build.sh", "  - {name: Build, task: command, on: local, args: {run: ./build.sh}}\n");
    let case = stage.case.file("hostgroups/more.yaml", "groups: {more: {hosts: [local]}}\n");
    case.run(&["run", "deploy"]).exits(2).says("a host of the inventory is called `local`");
}
