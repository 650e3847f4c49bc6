use std::os::unix::fs::{PermissionsExt, symlink};

use crate::stage::Stage;

/// Each of these is found while the file is read, at this place and in these words; nothing is run.
#[test]
fn what_is_wrong_is_found_while_planning() {
    let body = |body: &str| format!("def do_work(config, host):\n    {body}\n");
    let cases = [
        (body("if host.run('x')"), "tasks/t.star:2:21: Parse error", ""),
        (body("return hsot.run('x')"), "tasks/t.star:2:12: ", "hsot"),
        (body("return host.rnu('x')"), "tasks/t.star:2:12: `host` has no `rnu`", "did you mean `run`?"),
        (body("return config.arg.x"), "tasks/t.star:2:12: `config` has no `arg`", "did you mean `args`?"),
        (body("return config.args.prot"), "tasks/t.star:2:12: the task has no argument `prot`", "declare it: `ARGS = {\"prot\": …}`"),
        (format!("ARGS = {{\"port\": 80}}\n{}", body("return config.args.prot")), "tasks/t.star:3:12: ", "did you mean `port`?"),
        (body("sleep(1, 2, 3)"), "tasks/t.star:2:14: Too many", ""),
        (body("quote(5)"), "tasks/t.star:2:", "int"),
        (body("try:\n        x()\n    except:\n        pass"), "tasks/t.star:2:5: ", "`host.run` does not raise"),
        (body("while True:\n        pass"), "tasks/t.star:2:5: ", "for attempt in range"),
        (format!("import os\n{}", body("pass")), "tasks/t.star:1:1: ", "leave it out"),
        ("def again(f):\n    return f(f)\ndef do_work(config, host):\n    return again(again)\n".to_owned(), "tasks/t.star:4:18: `again` calls itself", ""),
        ("def again(f):\n    return f(f)\ndef by(f):\n    return again(f)\ndef do_work(config, host):\n    return by(again)\n".to_owned(), "tasks/t.star:6:15: `again` calls itself", ""),
        ("def f():\n    g()\ndef g():\n    f()\ndef do_work(config, host):\n    f()\n".to_owned(), "tasks/t.star:1:1: `f` calls itself", "no recursion"),
        (body("s = 'x'\n    for i in range(99):\n        s += s"), "tasks/t.star:4:9: this doubles", ""),
        ("ARGS = {\"a b\": 1}\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:1: `a b` cannot be the name", ""),
        ("ARGS = 5\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:1: `ARGS` is a map", ""),
        ("ARGS = {\"x\": arg.choice([])}\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:1: argument `x`: the words", ""),
        ("IDEMPOTENT = 'yes'\ndef do_work(config, host):\n    pass\n".to_owned(), "`IDEMPOTENT` is `True` or `False`", ""),
        ("def do_work(host):\n    pass\n".to_owned(), "tasks/t.star:1:1: `do_work` is called with `config` and `host`, not with (host)", ""),
        ("x = [1] * (1 << 30)\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:5: this would be more than 16 MiB", ""),
        ("x = sleep(1)\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:5: there is no host yet", ""),
        ("def f():\n    for i in range(1 << 30):\n        for j in range(1 << 30):\n            pass\nf()\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star", "ancelled"),
        ("load(\"//../x.star\", \"x\")\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:", "leads out of the folder of tasks"),
        ("load(\"/etc/x.star\", \"x\")\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:", "leads out of the folder of tasks"),
        ("load(\"//no.star\", \"x\")\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:", "cannot be read"),
        ("load(\"//t.star\", \"x\")\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:", "loads itself"),
        ("load(\"//../../etc/passwd\", \"x\")\ndef do_work(config, host):\n    pass\n".to_owned(), "tasks/t.star:1:", "leads out"),
    ];
    let mut unseen = Vec::new();
    for (script, place, words) in cases {
        let said = Stage::of(&script).mistake();
        if !(said.contains(place) && said.contains(words) && said.contains("the task `t` is broken: ")) {
            unseen.push(format!("`{place}` and `{words}` of\n{script}\nare not in\n{said}"));
        }
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

#[test]
fn the_line_is_shown() {
    let said = Stage::of("def do_work(config, host):\n    return host.rnu('x')\n").mistake();
    assert!(said.contains("\n    return host.rnu('x')\n"), "{said}");
}

#[test]
fn a_link_leads_nowhere_else() {
    let stage = Stage::of("load(\"//out.star\", \"x\")\ndef do_work(config, host):\n    pass\n");
    let outside = tempfile::NamedTempFile::with_suffix(".star").expect("a file");
    symlink(outside.path(), stage.folder.path().join("tasks/out.star")).expect("a link");
    assert!(stage.mistake().contains("`//out.star` leads out of the folder of tasks"));
}

#[test]
fn two_files_of_one_name_are_told_and_neither_is_taken() {
    let script = "def do_work(config, host):\n    pass\n";
    let stage = Stage::with(&[("tasks/web.restart.star", script), ("tasks/web/restart.star", script)]);
    let scripts = stage.scripts();
    assert!(scripts.is_empty());
    let (name, mistake) = &scripts.mistakes[0];
    assert_eq!(name, "web.restart");
    let said = mistake.to_string();
    assert!(said.contains("tasks/web.restart.star") && said.contains("tasks/web/restart.star"), "{said}");
}

#[test]
fn a_built_in_task_keeps_its_name() {
    let stage = Stage::with(&[("tasks/apache/restart.star", "def do_work(config, host):\n    pass\n")]);
    assert!(stage.scripts().mistakes[0].1.to_string().contains("the task `apache.restart` is built in"));
    assert_eq!(stage.registry().get("apache.restart").expect("ours").spec().summary(), "Restarts apache.");
}

#[test]
fn a_broken_file_is_in_nobody_elses_way() {
    let stage = Stage::with(&[
        ("tasks/t.star", "def do_work(config, host)\n"),
        ("tasks/good.star", "def do_work(config, host):\n    pass\n"),
    ]);
    assert!(stage.registry().get("good").is_ok());
    assert!(stage.mistake().contains("tasks/t.star:1:"));
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let stage = Stage::of("");
    let path = stage.folder.path().join("tasks/t.star");
    std::fs::write(&path, [0xff, 0xfe]).expect("a file");
    assert!(stage.mistake().contains("tasks/t.star: "));
    std::fs::write(&path, "def do_work(config, host):\n    pass\n").expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("a mode");
    assert!(stage.mistake().contains("may change it"), "{}", stage.mistake());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    std::fs::write(&path, "#".repeat((1 << 20) + 1)).expect("a file");
    assert!(stage.mistake().contains("tasks/t.star: larger than 1 MiB"));
}
