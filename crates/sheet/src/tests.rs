//! Sheets that are taken, and what is said about those that are not.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use runsheet_diagnostics::Hint;
use runsheet_model::Switch;
use serde_json::{Value, json};

use crate::{After, AsUser, Chain, DEFAULT_TIMEOUT, Sheet, SheetError, Work, schema};

fn parse(text: &str) -> Result<Sheet, SheetError> {
    Sheet::parse(text, Path::new("x.yaml"))
}

fn user(name: &str, by: Switch) -> AsUser {
    AsUser::User { user: name.to_owned(), by }
}

fn sheet(text: &str) -> Sheet {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn told(result: Result<Sheet, SheetError>) -> String {
    match result {
        Ok(sheet) => format!("taken: {sheet:?}"),
        Err(error) => {
            let mut text = error.to_string();
            for hint in error.hints().iter() {
                _ = write!(text, " -> {hint}");
            }
            text
        }
    }
}

/// One step with these words.
fn step(words: &str) -> String {
    format!("steps:\n  - {{name: a, {words}}}\n")
}

#[test]
fn the_words_of_a_step_are_read() {
    let sheet = sheet(
        "name: Weekly\n\
         vars: {release: '2026.11', n: 3}\n\
         steps:\n\
         \x20 - name: Roll web, slowly!\n\
         \x20   hosts: web,!web1\n\
         \x20   owner: platform\n\
         \x20   expect: 12m\n\
         \x20   notes: free text\n\
         \x20   when: host.vars.role != 'leader'\n\
         \x20   forks: 5\n\
         \x20   timeout: 90s\n\
         \x20   sudo: deploy\n\
         \x20   env: {A: 1.10, B_2: x}\n\
         \x20   dir: /srv\n\
         \x20   idempotent: true\n\
         \x20   do:\n\
         \x20     - task: haproxy.drain\n\
         \x20     - {task: apache.restart, args: {name: x, mode: 0644}, timeout: 5s, sudo: false, idempotent: false}\n\
         \x20 - {name: Tell support, manual: Tell support., id: tell, expect: , owner: }\n",
    );
    assert_eq!((sheet.name.as_str(), &sheet.vars["n"]), ("Weekly", &json!(3)));
    let web = &sheet.steps[0];
    assert_eq!((web.id.as_str(), web.name.as_str()), ("roll-web-slowly", "Roll web, slowly!"));
    let hosts = web.hosts.as_ref().expect("hosts");
    assert_eq!((hosts.value.as_str(), hosts.place.to_string().as_str()), ("web,!web1", "x.yaml:5:12"));
    assert_eq!(web.place.as_ref().map(ToString::to_string).as_deref(), Some("x.yaml:4:5"));
    assert_eq!((web.expect, web.timeout), (Some(Duration::from_mins(12)), Duration::from_secs(90)));
    assert_eq!((web.forks, web.as_user.as_ref()), (Some(5), Some(&user("deploy", Switch::Sudo))));
    assert_eq!((web.env["A"].value.as_str(), web.env["B_2"].value.as_str()), ("1.10", "x"));
    assert_eq!((web.idempotent, web.enabled, &web.after), (Some(true), true, &After::RowAbove));
    let Work::Chain(Chain { links, .. }) = &web.work else { panic!("a chain") };
    assert_eq!(links[1].task.value.as_str(), "apache.restart");
    assert_eq!(links[1].args["mode"].value, json!("0644"));
    assert_eq!(links[1].args["name"].place.to_string(), "x.yaml:18:45");
    assert_eq!((links[1].timeout, &links[1].as_user), (Some(Duration::from_secs(5)), &Some(AsUser::Login)));
    assert_eq!((links[0].timeout, links[1].idempotent), (None, Some(false)));
    let tell = &sheet.steps[1];
    let Work::Manual(text) = &tell.work else { panic!("manual") };
    assert_eq!((tell.id.as_str(), text.value.as_str(), tell.timeout), ("tell", "Tell support.", DEFAULT_TIMEOUT));
    assert_eq!((&tell.owner, tell.expect, &tell.hosts), (&None, None, &None));
}

#[test]
fn a_sheet_without_a_name_is_called_after_its_file() {
    assert_eq!(sheet(&step("task: t, hosts: web")).name, "x");
}

#[test]
fn a_secret_is_left_as_data() {
    let sheet = sheet(&step("task: t, hosts: web, args: {password: {secret: db_password}}"));
    let Work::Chain(Chain { links, .. }) = &sheet.steps[0].work else { panic!("a chain") };
    assert_eq!(links[0].args["password"].value, json!({"secret": "db_password"}));
}

/// Words of a step that cannot stand, what is said about them, and the hint behind an arrow.
const STEPS: &[(&str, &str)] = &[
    (
        "task: t",
        "x.yaml:2:5: step `a` has no `hosts` -> say where it runs, such as `hosts: web`, or `on: local` for this machine",
    ),
    ("hosts: web", "x.yaml:2:5: step `a` has nothing to do; a step has exactly one of `task`, `do` and `manual`"),
    (
        "task: t, manual: m, hosts: web",
        "x.yaml:2:5: step `a` has `task` and `manual`; a step has exactly one of `task`, `do` and `manual`",
    ),
    (
        "task: t, do: [{task: u}], hosts: web",
        "x.yaml:2:5: step `a` has `task` and `do`; a step has exactly one of `task`, `do` and `manual`",
    ),
    ("do: [], hosts: web", "x.yaml:2:19: `do` needs at least one task"),
    (
        "do: [{task: u}], args: {a: 1}, hosts: web",
        "x.yaml:2:5: `args` does not go with `do` -> give each task of the chain its own `args`",
    ),
    ("task: t, on: remote", "x.yaml:2:28: `on` is `local`, not `remote` -> hosts are named by `hosts`"),
    ("task: t, on: local, sudo: true", "x.yaml:2:5: `sudo` does not go with `on: local`"),
    ("do: [{task: t}, {task: u, su: true}], on: local", "x.yaml:2:38: `su` does not go with `on: local`"),
    ("do: [{task: t, delegate: lb1}], on: local", "x.yaml:2:27: `delegate` does not go with `on: local`"),
    ("manual: m, on: local", "x.yaml:2:5: `on` does not go with `manual`"),
    ("manual: m, hosts: web", "x.yaml:2:5: `hosts` does not go with `manual`"),
    ("manual: m, sudo: true", "x.yaml:2:5: `sudo` does not go with `manual`"),
    ("manual: ''", "x.yaml:2:23: `manual` cannot be empty"),
    ("task: t, hosts: ' '", "x.yaml:2:31: `hosts` cannot be empty"),
    ("task: t, hosts: ", "x.yaml:2:29: a text is expected here, not nothing"),
    ("task: t, hosts: web, after: ", "x.yaml:2:36: the id of a step or a list of ids is expected here, not unit value"),
    ("task: t, hosts: [web]", "x.yaml:2:31: a text is expected here"),
    ("task: t, hosts: web, on: local", "x.yaml:2:5: `hosts` does not go with `on: local`"),
    ("manual: m, makes: ''", "x.yaml:2:33: `makes` cannot be empty"),
    ("manual: m, makes: []", "x.yaml:2:33: `makes` cannot be empty"),
    ("manual: m, makes: {}", "x.yaml:2:33: the path of a file or a list of paths is expected here, not map"),
    (
        "do: [{task: t, hosts: lb1}], hosts: web",
        "x.yaml:2:30: unknown setting `hosts` -> known here: `task`, `args`, `timeout`, `sudo`, `doas`, `su`, `idempotent`, `receipt`, `reboots`, `delegate`, `retries`, `even_if_lost`",
    ),
    ("task: t, hosts: web, onwer: dana", "x.yaml:2:36: unknown setting `onwer` -> did you mean `owner`?"),
    ("task: t, hosts: web, timeout: 0s", "x.yaml:2:45: `timeout` cannot be 0"),
    (
        "task: t, hosts: web, timeout: 5",
        "x.yaml:2:45: `5` is not a length of time -> write it as `90s`, `5m`, `1h30m` or `250ms`",
    ),
    (
        "task: t, hosts: web, expect: soon",
        "x.yaml:2:44: `soon` is not a length of time -> write it as `90s`, `5m`, `1h30m` or `250ms`",
    ),
    ("task: t, hosts: web, forks: 0", "x.yaml:2:43: `forks` is 0, which is not from 1 to 10000"),
    ("task: t, hosts: web, forks: 10001", "x.yaml:2:43: `forks` is 10001, which is not from 1 to 10000"),
    ("task: t, hosts: web, forks: -1", "x.yaml:2:43: `-1` is not a whole number from 0 up"),
    ("task: t, hosts: web, sudo: true, doas: true", "x.yaml:2:54: `doas` does not go with `sudo`"),
    ("task: t, hosts: web, su: 5", "x.yaml:2:40: `su` is `true`, `false` or a user's name"),
    ("do: [{task: t}], hosts: web, reboots: true", "x.yaml:2:5: `reboots` does not go with `do`"),
    ("do: [{task: t}], hosts: web, receipt: true", "x.yaml:2:5: `receipt` does not go with `do`"),
    ("manual: m, reboots: true", "x.yaml:2:5: `reboots` does not go with `manual`"),
    ("task: t, hosts: web, sudo: 5", "x.yaml:2:42: `sudo` is `true`, `false` or a user's name"),
    ("task: t, hosts: web, sudo: -u root", "x.yaml:2:42: this user's name cannot be used"),
    (
        "task: t, hosts: web, env: {A-B: x}",
        "x.yaml:2:42: `A-B` cannot be the name of an environment variable -> use letters, digits and `_`, not starting with a digit",
    ),
    ("task: t, hosts: web, env: {A: \"x\\0\"}", "x.yaml:2:45: `A` holds a NUL byte"),
    ("task: t, hosts: web, enabled: no", "x.yaml:2:45: `no` is neither `true` nor `false`"),
    ("task: a/b, hosts: web", "x.yaml:2:21: this task name cannot be used"),
    ("task: t, hosts: web, id: ../x", "x.yaml:2:40: this id cannot be used"),
    (
        "task: t, hosts: web, args: {v: 1.10}",
        "x.yaml:2:46: `1.10` without quotes is the number 1.1 -> if a text is meant, put it in quotes: \"1.10\"",
    ),
    ("after: a, manual: m", "x.yaml:2:22: steps wait for each other: a → a"),
    ("manual: m, manual: n", "x.yaml:2:26: `manual` stands here again (first in line 2)"),
];

/// Whole sheets that cannot stand.
const SHEETS: &[(&str, &str)] = &[
    ("", "x.yaml:1:1: nothing stands here"),
    ("steps: []\n", "x.yaml:1:8: a sheet needs at least one step"),
    ("steps: {}\n", "x.yaml:1:8: a list is expected here"),
    ("stpes: []\n", "x.yaml:1:1: unknown setting `stpes` -> did you mean `steps`?"),
    (
        "vars: {release: 1.10}\nsteps:\n  - {name: a, task: t, hosts: web}\n",
        "x.yaml:1:17: `1.10` without quotes is the number 1.1 -> if a text is meant, put it in quotes: \"1.10\"",
    ),
    (
        "vars: {a-b: 1}\nsteps:\n  - {name: a, task: t, hosts: web}\n",
        "x.yaml:1:8: `a-b` cannot be the name of a variable -> use letters, digits and `_`, not starting with a digit",
    ),
    (
        "steps:\n  - {name: '!', manual: m}\n",
        "x.yaml:2:12: a name without letters and digits and without an `id:` cannot be used",
    ),
    ("steps:\n  - {name: ' ', manual: m}\n", "x.yaml:2:12: `name` cannot be empty"),
    ("steps:\n  - {manual: m}\n", "x.yaml:2:6: `name` is missing"),
    (
        "steps:\n  - {name: A!, manual: m}\n  - {name: a, manual: m}\n",
        "x.yaml:3:5: another step has the id `a` (line 2) -> give one of them an `id:`; the id was made out of the name",
    ),
    (
        "steps:\n  - {name: a, id: x, manual: m}\n  - {name: b, id: x, manual: m}\n",
        "x.yaml:3:5: another step has the id `x` (line 2)",
    ),
    (
        "steps:\n  - {name: prepare, manual: m}\n  - {name: b, after: prepaer, manual: m}\n",
        "x.yaml:3:22: no step has the id `prepaer` -> did you mean `prepare`?",
    ),
    (
        "steps:\n  - {name: a, after: [c], manual: m}\n  - {name: b, manual: m}\n  - {name: c, manual: m}\n",
        "x.yaml:2:23: steps wait for each other: a → c → b → a",
    ),
    (
        "steps:\n  - name: a\n    task: t\n    hosts: @web\n",
        "x.yaml:4:12: `@` cannot start a value -> quote a pattern that starts with `@`: \"@web\"",
    ),
];

#[test]
fn every_mistake_is_told_with_its_place() {
    for (words, expected) in STEPS {
        assert_eq!(told(parse(&step(words))), *expected, "{words}");
    }
    for (text, expected) in SHEETS {
        assert_eq!(told(parse(text)), *expected, "{text}");
    }
}

#[test]
fn a_sheet_has_at_most_ten_thousand_steps() {
    let rows = |count: usize| {
        (0..count).fold("steps:\n".to_owned(), |text, at| text + &format!("  - {{name: s{at}, manual: m}}\n"))
    };
    assert_eq!(told(parse(&rows(10_001))), "x.yaml:2:3: 10001 steps are more than 10000");
    let sheet = sheet(&rows(10_000));
    assert_eq!(sheet.dependencies()[9_999], [9_998]);
}

#[test]
fn steps_wait_for_the_row_above_or_for_what_they_name() {
    let waits = |text: &str| sheet(text).dependencies();
    let rows = |words: [&str; 4]| {
        words.iter().zip(["a", "b", "c", "d"]).fold("steps:\n".to_owned(), |text, (words, name)| {
            text + &format!("  - {{name: {name}, manual: m{words}}}\n")
        })
    };
    assert_eq!(waits(&rows(["", "", "", ""])), [vec![], vec![0], vec![1], vec![2]]);
    assert_eq!(waits(&rows(["", ", after: []", "", ", after: [c, a, c]"])), [vec![], vec![], vec![1], vec![0, 2]]);
    assert_eq!(waits(&rows([", after: d", ", after: []", "", ", after: b"])), [vec![3], vec![], vec![1], vec![1]]);
    // Disabled rows pass through, also two in a row, and also the first.
    assert_eq!(waits(&rows(["", ", enabled: false", ", enabled: false", ""])), [vec![], vec![0], vec![0], vec![0]]);
    assert_eq!(waits(&rows([", enabled: false", "", "", ", after: [a, b]"])), [vec![], vec![], vec![1], vec![1]]);
}

#[test]
fn variables_are_set_by_name_and_keep_their_kind() {
    let text = format!(
        "vars: {{release: '1.0', n: 3, on: true, list: [1], map: {{zone: eu, deep: {{n: 1}}}}}}\n{}",
        step("manual: m")
    );
    let mut changed = sheet(&text);
    for (name, value) in [
        ("release", "2026.10"),
        ("n", "4"),
        ("on", "false"),
        ("list", "[2, 3]"),
        ("map.zone", "5"),
        ("map.deep.n", "7"),
    ] {
        changed.set(name, value).expect(name);
    }
    let expected =
        json!({"release": "2026.10", "n": 4, "on": false, "list": [2, 3], "map": {"zone": "5", "deep": {"n": 7}}});
    assert_eq!(serde_json::to_value(&changed.vars).expect("json"), expected);
    for (name, value, expected) in [
        ("relaese", "x", "the sheet has no variable `relaese` -> did you mean `release`?"),
        ("zzz", "x", "the sheet has no variable `zzz` -> only what stands under `vars:` can be set"),
        ("map.zoen", "x", "the sheet has no variable `map.zoen` -> did you mean `map.zone`?"),
        ("n.x", "x", "the sheet has no variable `n.x` -> only what stands under `vars:` can be set"),
        ("", "x", "the sheet has no variable `` -> only what stands under `vars:` can be set"),
        ("n", "many", "variable `n` is a number, and `many` is not"),
        ("on", "yes", "variable `on` is a boolean, and `yes` is not"),
        ("n", "[", "--set:1:1: this `[` is never closed"),
    ] {
        let before = changed.vars.clone();
        let result = changed.set(name, value).map(|()| sheet(&text));
        assert_eq!(told(result), expected);
        assert_eq!(changed.vars, before);
    }
}

#[test]
fn a_sheet_of_one_step_is_like_any_other() {
    let args = BTreeMap::from([("name".to_owned(), json!("nginx"))]);
    let sheet = Sheet::single("service.restart", args, "web,!web1")
        .and_then(|sheet| sheet.with_forks(7))
        .and_then(|sheet| sheet.with_timeout(Duration::from_secs(5)))
        .expect("sound")
        .with_user(&user("root", Switch::Sudo));
    let step = &sheet.steps[0];
    assert_eq!((sheet.name.as_str(), step.id.as_str()), ("service.restart", "service-restart"));
    assert_eq!(
        (step.forks, step.timeout, step.as_user.as_ref()),
        (Some(7), Duration::from_secs(5), Some(&user("root", Switch::Sudo)))
    );
    assert_eq!(sheet.dependencies(), [Vec::<usize>::new()]);
    assert_eq!(told(Sheet::single("a b", BTreeMap::new(), "web")), "command line: this task name cannot be used");
    assert_eq!(told(sheet.clone().with_forks(0)), "command line: `forks` is 0, which is not from 1 to 10000");
    assert_eq!(told(sheet.with_timeout(Duration::ZERO)), "command line: `timeout` cannot be 0");
}

#[test]
fn every_sheet_of_the_repository_is_sound() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sheets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("sheets/") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            Sheet::load(&path).unwrap_or_else(|error| panic!("{error}"));
            names.push(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
        }
    }
    assert!(names.len() >= 6, "{names:?}");
}

#[test]
fn the_schema_knows_every_word_and_no_other() {
    let schema = schema();
    let step = &schema["$defs"]["Step"];
    let words: Vec<&String> = step["properties"].as_object().expect("words").keys().collect();
    for word in &words {
        let refused = told(parse(&format!("steps:\n  - {{name: a, {word}: {{x: [1]}}}}\n")));
        assert!(!refused.contains("unknown setting `x`") || *word == "unreachable", "{word}: {refused}");
        assert!(!refused.contains(&format!("unknown setting `{word}`")), "{word}: {refused}");
    }
    assert_eq!(words.len(), 42, "{words:?}");
    assert_eq!(step["additionalProperties"], Value::Bool(false));
    assert_eq!(step["required"], json!(["name"]));
    assert_eq!(schema["$defs"]["Link"]["required"], json!(["task"]));
}

#[test]
fn the_sheets_of_the_fuzzer_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/sheet");
    let mut refused = Vec::new();
    for text in std::fs::read_dir(folder).expect("a corpus") {
        let text = text.expect("an entry");
        if parse(&std::fs::read_to_string(text.path()).expect("a text")).is_err() {
            refused.push(text.file_name());
        }
    }
    assert_eq!(refused, ["mistake"]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n\t]{0,200}") {
        _ = told(parse(&text));
    }

    #[test]
    fn no_words_make_it_panic(words in proptest::collection::vec(
        ("name|id|task|do|manual|hosts|after|enabled|when|expect|forks|timeout|sudo|doas|su|env|args|waves",
         "[a-z0-9!*&@{}\\[\\]:, \"'.-]{0,12}"), 0..8)) {
        let text = words.iter().fold("steps:\n  - name: a\n".to_owned(), |text, (word, value)| text + &format!("    {word}: {value}\n"));
        if let Ok(sheet) = parse(&text) {
            prop_assert_eq!(sheet.dependencies().len(), sheet.steps.len());
        }
    }

    #[test]
    fn dependencies_never_name_a_disabled_step(rows in proptest::collection::vec(
        (any::<bool>(), proptest::option::of(proptest::collection::vec(0usize..12, 0..4))), 1..12)) {
        let mut text = "steps:\n".to_owned();
        for (at, (enabled, after)) in rows.iter().enumerate() {
            let after = after.as_ref().map(|ids| {
                let ids: Vec<String> = ids.iter().map(|id| format!("s{}", id % rows.len())).collect();
                format!(", after: [{}]", ids.join(", "))
            });
            _ = writeln!(text, "  - {{name: s{at}, manual: m, enabled: {enabled}{}}}", after.unwrap_or_default());
        }
        if let Ok(sheet) = parse(&text) {
            for (at, waits) in sheet.dependencies().iter().enumerate() {
                prop_assert!(waits.iter().all(|&before| sheet.steps[before].enabled && before != at));
            }
        }
    }
}
