//! What is wrong is told with its place and a hint, ends with 2, and touches no host.

use std::os::unix::fs::PermissionsExt;

use crate::case::Case;

const GROUPS: &str = "groups:\n  web:\n    hosts:\n      - web[01-20].example.com\n      - lone\n  ops: {hosts: [bastion], protected: true}\n";
const STEP: &str = "name: S\nsteps:\n  - {name: One, task: command, hosts: web, args: {run: uptime}}\n";

/// Runs a sheet on host groups and gives what is said; the exit code must be 2.
#[track_caller]
fn refused(groups: &str, sheet: &str, says: &[&str]) {
    let case = Case::new().file("hostgroups/g.yaml", groups).file("sheets/s.yaml", sheet);
    let ran = case.run(&["run", "s"]).exits(2);
    for text in says {
        assert!(ran.stderr.contains(text), "`{text}` is not in\n{}", ran.stderr);
    }
    assert!(!case.state().exists(), "a run was begun");
}

#[test]
fn mistakes_in_a_sheet_are_told_with_their_place() {
    let cases: &[(&str, &[&str])] = &[
        ("name: S\nsteps:\n\t- {name: One}\n", &["sheets/s.yaml:3:", "tab"]),
        ("name: S\nstps: []\n", &["sheets/s.yaml:2:1", "`stps`", "did you mean `steps`?"]),
        ("name: S\nname: T\nsteps: []\n", &["sheets/s.yaml:2:1", "`name`"]),
        (
            "name: S\nsteps:\n  - {name: A, id: x, manual: a}\n  - {name: B, id: x, manual: b}\n",
            &["sheets/s.yaml:4:", "`x`"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, id: a, manual: a, after: b}\n  - {name: B, id: b, manual: b, after: a}\n",
            &["sheets/s.yaml:", "a → b → a"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, task: apache.restrat, hosts: web}\n",
            &["sheets/s.yaml:3:", "`apache.restrat`", "did you mean `apache.restart`?"],
        ),
        ("name: S\nsteps:\n  - {name: A, task: command, hosts: web}\n", &["sheets/s.yaml:3:", "`run`"]),
        (
            "name: S\nsteps:\n  - {name: A, task: command, hosts: web, args: {rnu: x}}\n",
            &["sheets/s.yaml:3:", "`rnu`", "did you mean `run`?"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, task: wait.port, hosts: web, args: {port: many}}\n",
            &["sheets/s.yaml:3:", "`port`", "whole number"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, task: command, hosts: wbe, args: {run: x}}\n",
            &["sheets/s.yaml:3:", "wbe", "did you mean `web`?"],
        ),
        ("name: S\nsteps:\n  - {name: A, task: command, hosts: 'web,!web', args: {run: x}}\n", &["sheets/s.yaml:3:"]),
        (
            "name: S\nsteps:\n  - {name: A, task: command, hosts: 'h[1-999999]', args: {run: x}}\n",
            &["sheets/s.yaml:3:", "100000"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, task: command, hosts: bastion, args: {run: x}}\n",
            &["sheets/s.yaml:3:", "bastion", "protected", "-x"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, task: command, hosts: web, args: {run: 'echo {{ vars.nope }}'}}\n",
            &["sheets/s.yaml:3:", "vars.nope"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, task: command, args: {run: x}, on: dist}\n",
            &["sheets/s.yaml:3:", "`on` is `local`, not `dist`"],
        ),
        (
            "name: S\nsteps:\n  - {name: A, task: file.put, hosts: web, args: {source: nope, target: x}}\n",
            &["sheets/s.yaml:3:", "nope"],
        ),
    ];
    for (sheet, says) in cases {
        refused(GROUPS, sheet, says);
    }
}

#[test]
fn mistakes_in_host_groups_are_told_with_their_place() {
    let cases: &[(&str, &[&str])] = &[
        (
            "groups:\n  web:\n    hosts: [web1]\n    usr: x\n",
            &["hostgroups/g.yaml:4:5", "`usr`", "did you mean `user`?"],
        ),
        ("groups:\n  web:\n    hosts:\n      - -oProxyCommand=id\n", &["hostgroups/g.yaml:4:", "-oProxyCommand=id"]),
        ("groups:\n  web:\n    hosts: [web[1-3]]\n", &["hostgroups/g.yaml:3:", "quotes"]),
        ("groups:\n  web:\n    hosts:\n      - w[1-2000000]\n", &["hostgroups/g.yaml:4:", "100000"]),
        ("groups:\n  web: {groups: [wbe]}\n  a: {hosts: [x]}\n", &["hostgroups/g.yaml:2:", "wbe"]),
        ("groups:\n  a: {groups: [b]}\n  b: {groups: [a]}\n", &["hostgroups/g.yaml:", "a → b → a"]),
    ];
    for (groups, says) in cases {
        refused(groups, STEP, says);
    }
}

#[test]
fn files_that_cannot_be_what_they_should_are_refused() {
    let case = Case::new().file("hostgroups/g.yaml", GROUPS);
    case.run(&["run", "nope.yaml"]).exits(2).says("there is no sheet `nope.yaml`").says("`runsheet init` makes one");
    let case = case.file("sheets/latin.yaml", b"name: caf\xe9\nsteps: []\n");
    case.run(&["run", "latin"]).exits(2).says("UTF-8");
    case.run(&["run", "latim"]).exits(2).says("did you mean `latin`?");
    case.run(&["run", "nope"]).exits(2).says("in `sheets` are: latin");
    let mut large = b"name: S\nnotes: ".to_vec();
    large.resize(17 << 20, b'x');
    let case = case.file("sheets/large.yaml", large);
    case.run(&["run", "large"]).exits(2).says("16 MiB");
    let mut laughs = String::from("vars:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        laughs.push_str(&format!("  a{level}: &a{level} [{}]\n", vec![before; 10].join(",")));
    }
    let case = case.file("sheets/laughs.yaml", laughs + "steps: []\n");
    case.run(&["run", "laughs"]).exits(2).says("sheets/laughs.yaml");
    let case = case.file("sheets/open.yaml", STEP);
    std::fs::set_permissions(case.path("sheets/open.yaml"), PermissionsExt::from_mode(0o666)).expect("a mode");
    case.run(&["run", "open"]).exits(2).says("open.yaml");
}

#[test]
fn f_45_an_unwritable_state_folder_is_told_before_any_host_is_touched() {
    let case = Case::new()
        .file("hostgroups/g.yaml", "groups:\n  web:\n    hosts:\n      - h: {address: 127.0.0.1, port: 1}\n");
    let case = case.file("sheets/s.yaml", STEP).file("state", "this is a file");
    let ran = case.run(&["run", "s"]).exits(1);
    assert!(!ran.stderr.contains("unreachable"), "{}", ran.stderr);
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let case = Case::new().file("hostgroups/g.yaml", GROUPS);
    case.run(&["fly"]).exits(2);
    case.run(&["exec", "--", "true"]).exits(2).says("-H PATTERN");
    case.run(&["exec", "-H", "web99", "--", "true"]).exits(2).says("web99");
    case.run(&["do", "apache.restrat", "-H", "@web"]).exits(2).says("did you mean `apache.restart`?");
    case.run(&["do", "command", "run", "-H", "@web"]).exits(2).says("name=value");
    case.run(&["show", "nope"]).exits(2).says("nope");
}
