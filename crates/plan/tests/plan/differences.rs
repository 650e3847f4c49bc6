//! What differs between two plans, as people are told.

use runsheet_plan::{Plan, Planning, differences};
use serde_json::{Value, json};

use crate::{Files, GROUPS, plan_on, step};

fn json_of(plan: &Plan) -> Value {
    serde_json::to_value(plan).expect("json")
}

fn planned(sheet: &str) -> Value {
    json_of(&plan_on(GROUPS, sheet, |_| {}, &Files("")).expect(sheet))
}

/// What is told of two sheets.
fn told(before: &str, after: &str) -> Vec<String> {
    differences(&planned(before), &planned(after))
}

#[test]
fn what_differs_in_a_step_is_told() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "hosts: web, args: {text: hi}",
            "hosts: web, args: {text: ho}",
            &["step `one`: `text` was `hi` and is now `ho`"],
        ),
        ("hosts: web", "hosts: web, args: {text: ho}", &["step `one`: `text` was nothing and is now `ho`"]),
        (
            "hosts: web, args: {text: a}",
            "hosts: web, args: {token: {secret: token}}",
            &[
                "step `one`: `text` was `a` and is now nothing",
                "step `one`: `token` was nothing and is now the secret `token`",
            ],
        ),
        (
            r#"hosts: web, args: {text: "a\nb\nc\n"}"#,
            r#"hosts: web, args: {text: "a\nB\nc\n"}"#,
            &["step `one`: line 2 of `text` was `b` and is now `B`"],
        ),
        ("hosts: web", "hosts: 'web[1-2]'", &["step `one`: it no longer has web3"]),
        ("hosts: 'web1'", "hosts: web", &["step `one`: it also has web[2-3] (2 hosts)"]),
        (
            "hosts: web",
            "hosts: 'web3,web1,web2'",
            &["step `one`: its hosts come in another order: `web3` is number 1 where `web1` was"],
        ),
        ("hosts: web", "hosts: web, when: '{{ host.name != \"web2\" }}'", &["step `one`: `when` leaves out web2"]),
        (
            "hosts: web, when: '{{ host.name == \"web2\" }}'",
            "hosts: web",
            &["step `one`: `when` no longer leaves out web[1,3] (2 hosts)"],
        ),
        ("hosts: web", "hosts: web, forks: 2", &["step `one`: `forks` was 64 and is now 2"]),
        ("hosts: web", "hosts: web, timeout: 90s", &["step `one`: `timeout` was 1h and is now 1m 30s"]),
        (
            "hosts: web",
            "hosts: web, sudo: true",
            &["step `one`: whom its commands become was nobody and is now `root` by sudo"],
        ),
        ("hosts: web", "hosts: web, dir: /srv", &["step `one`: `dir` was nothing and is now `/srv`"]),
        (
            "hosts: web, env: {A: b}",
            "hosts: web, env: {A: c}",
            &[r#"step `one`: `env` was `[["A","b"]]` and is now `[["A","c"]]`"#],
        ),
        ("hosts: web", "hosts: web, retries: 2", &["step `one`: `retries` was 0 and is now 2"]),
        ("hosts: web", "hosts: web, idempotent: true", &["step `one`: `idempotent` was false and is now true"]),
        ("hosts: web, batch: 1", "hosts: web, batch: 2", &["step `one`: `waves` was `[1,1,1]` and is now `[2,1]`"]),
        (
            "hosts: web, batch: 1, pause: 5s",
            "hosts: web, batch: 1, pause: ask",
            &["step `one`: `pause` was 5s and is now `ask`"],
        ),
        ("hosts: web, window: 2", "hosts: web, window: 1", &["step `one`: `window size` was 2 and is now 1"]),
        ("hosts: web, max_fail: 1", "hosts: web, max_fail: 5%", &["step `one`: `max_fail` was `1` and is now `5%`"]),
        (
            "hosts: web, on_failure: continue",
            "hosts: web",
            &["step `one`: `on_failure` was `continue` and is now `stop`"],
        ),
        (
            "hosts: web, delegate: solr1",
            "hosts: web, delegate: solr2",
            &["step `one`: where its commands run was `solr1` and is now `solr2`"],
        ),
        (
            "hosts: web, args: {text: '{{ host.name }}'}",
            "hosts: web, args: {text: '{{ host.name }}!'}",
            &["step `one`: `text` was `web1` and is now `web1!`, on web1; another way on web[2-3] (2 hosts)"],
        ),
        (
            "hosts: web, args: {text: '{{ host.vars.app }}', file: a}",
            "hosts: web, args: {text: '{{ host.vars.app }}', file: b}",
            &["step `one`: `/here/b` has another content: sha256 was `a` and is now `b`, on web[1-3] (3 hosts)"],
        ),
        ("hosts: web", "hosts: web, id: two", &["step `one` is gone", "step `two` is new"]),
        ("hosts: web, owner: me, notes: n, expect: 1m", "hosts: web", &[]),
    ];
    for (before, after, expected) in cases {
        assert_eq!(told(&step(before), &step(after)), *expected, "{before}\n{after}");
    }
}

#[test]
fn what_differs_in_a_sheet_is_told() {
    let row = |id: &str| format!("  - {{name: {id}, id: {id}, task: work, hosts: web, after: []}}\n");
    let sheet = |ids: &str| format!("steps:\n{}", ids.split(' ').map(row).collect::<String>());
    assert_eq!(told(&sheet("a b c d"), &sheet("a c d b")), ["step `b` has moved: it comes after `d` now"]);
    assert_eq!(told(&sheet("a b c"), &sheet("c a b")), ["step `c` has moved: it comes first now"]);

    let chain = |tasks: &str| format!("steps:\n  - {{name: A, hosts: web, do: [{tasks}]}}\n");
    let cases: &[(String, String, &[&str])] = &[
        (
            "vars: {a: 1, b: x}\n".to_owned() + &sheet("a"),
            "vars: {a: 2, b: x}\n".to_owned() + &sheet("a"),
            &["variable `a` was 1 and is now 2"],
        ),
        (
            sheet("a b"),
            sheet("a b").replace("b, task", "b, enabled: false, task"),
            &["step `b` does not run any more: `disabled`"],
        ),
        (
            sheet("a b").replace("b, task", "b, enabled: false, task"),
            sheet("a b"),
            &["step `b` runs now, and was left out: `disabled`"],
        ),
        (
            sheet("a b"),
            sheet("a b").replace("b, task: work, hosts: web, after: []", "b, task: work, hosts: web"),
            &["step `b`: what it waits for was nothing and is now `a`"],
        ),
        (
            chain("{task: work}, {task: work, args: {text: a}}"),
            chain("{task: work}, {task: work, args: {text: b}}"),
            &["step `a`: `work`, task 2: `text` was `a` and is now `b`"],
        ),
        (
            chain("{task: work}"),
            chain("{task: work}, {task: work}"),
            &["step `a`: what it does was `work` and is now `work`, `work`"],
        ),
        (
            "steps:\n  - {name: A, manual: Ring.}\n".to_owned(),
            "steps:\n  - {name: A, manual: Call.}\n".to_owned(),
            &["step `a`: its text was `Ring.` and is now `Call.`"],
        ),
        (
            "steps:\n  - {name: A, manual: Ring.}\n".to_owned(),
            "steps:\n  - {name: A, task: work, hosts: web}\n".to_owned(),
            &["step `a`: it was a person's work and runs tasks now"],
        ),
    ];
    for (before, after, expected) in cases {
        assert_eq!(told(before, after), *expected, "{before}\n{after}");
    }
}

#[test]
fn what_differs_in_files_is_told_by_their_names() {
    let with = |args: &str, files: &'static str| {
        let sheet = step(&format!("hosts: web, args: {args}")).replacen("steps:", "vars: {n: 3}\nsteps:", 1);
        json_of(&plan_on(GROUPS, &sheet, |_| {}, &Files(files)).expect("a plan"))
    };
    for (args, other, expected) in [
        ("{file: app}", "!", "step `one`: `/here/app` has another content: sha256 was `app` and is now `app!`"),
        ("{file: app}", "x", "step `one`: `/here/app` may be executed now"),
        ("{folder: site}", "!", "step `one`: `/here/site` has another content in `a`, `b`"),
        ("{template: plain}", "!", "step `one`: what `plain` comes to was `on 3` and is now `on 3!`"),
    ] {
        assert_eq!(differences(&with(args, ""), &with(args, other)), [expected]);
    }
    let mut less = with("{folder: site}", "!");
    let mut more = less.clone();
    let folder =
        |plan: &mut Value| plan["steps"][0]["work"]["hosts"]["links"][0]["args"]["same"]["folder"]["files"].take();
    folder(&mut more);
    more["steps"][0]["work"]["hosts"]["links"][0]["args"]["same"]["folder"]["files"] =
        json!({"a": folder(&mut less)["a"], "c": {}});
    more["hash"] = json!("other");
    let all = with("{folder: site}", "!");
    assert_eq!(differences(&all, &more), ["step `one`: `/here/site` no longer has `b`, also has `c`"]);
}

#[test]
fn what_differs_in_host_groups_is_told() {
    let on = |groups: &str, sheet: &str| json_of(&plan_on(groups, sheet, |_| {}, &Files("")).expect("a plan"));
    let other = GROUPS.replace("app: listings", "app: search").replace("10.0.0.9", "10.0.0.10");
    let sheet = step("hosts: 'web,solr'");
    assert_eq!(
        differences(&on(GROUPS, &sheet), &on(&other, &sheet)),
        ["variable `app` was `listings` and is now `search`, on web[1-3] (3 hosts)"]
    );
    let fewer = |planning: &mut Planning<'_>| planning.limit = Some("web2".to_owned());
    let limited = json_of(&plan_on(GROUPS, &step("hosts: web"), fewer, &Files("")).expect("a plan"));
    assert_eq!(
        differences(&planned(&step("hosts: web")), &limited),
        ["step `one`: it no longer has web[1,3] (2 hosts)"]
    );
}

#[test]
fn plans_with_other_hashes_are_never_said_to_be_alike() {
    let plan = planned(&step("hosts: web"));
    assert_eq!(differences(&plan, &plan), Vec::<String>::new());
    let mut other = plan.clone();
    other["hash"] = json!("sha256:0");
    assert_eq!(differences(&plan, &other).len(), 1);
    // What is no plan at all gives words as well.
    for nonsense in
        [json!(null), json!([]), json!({"steps": 3, "hosts": {}, "hash": 1}), json!({"steps": [1, {}, {"work": []}]})]
    {
        assert!(!differences(&plan, &nonsense).is_empty(), "{nonsense}");
        assert!(!differences(&nonsense, &plan).is_empty(), "{nonsense}");
    }
}

#[test]
fn what_is_told_drives_no_terminal_and_has_an_end() {
    let plan = planned(&step("hosts: web, args: {text: a}"));
    let mut other = plan.clone();
    other["hash"] = json!("x");
    let hostile = format!("\u{1b}[2J\u{202e}\r\n{}", "y".repeat(1 << 20));
    other["steps"][0]["work"]["hosts"]["links"][0]["args"]["same"]["text"] = json!(hostile);
    other["steps"][0]["work"]["hosts"]["links"][0]["task"] = json!(hostile);
    for number in 0..10_000 {
        let id = format!("{hostile}{number}");
        other["steps"].as_array_mut().expect("steps").push(json!({"id": id.get(..60), "n": number}));
        other["vars"][format!("v{number}")] = json!(hostile.get(..500));
    }
    let lines = differences(&plan, &other);
    assert_eq!(lines.len(), 61);
    assert!(lines.iter().all(|line| line.len() < 1_000 && !line.contains(char::is_control)), "{lines:#?}");
}

#[test]
fn thousands_of_hosts_are_told_in_one_line() {
    let groups = "groups:\n  many:\n    hosts:\n      - h[1-3000]\n";
    let on = |text: &str| {
        let sheet = step(&format!("hosts: many, args: {{text: '{text}'}}"));
        json_of(&plan_on(groups, &sheet, |_| {}, &Files("")).expect("a plan"))
    };
    let lines = differences(&on("{{ host.name }}"), &on("{{ host.name }}!"));
    assert_eq!(lines, ["step `one`: `text` was `h1` and is now `h1!`, on h1; another way on h[2-3000] (2999 hosts)"]);
}
