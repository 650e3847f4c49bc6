//! Files that a step makes while the sheet runs, and later steps send.

use runsheet_diagnostics::Hint;
use runsheet_plan::{Plan, PlanError, Planning, differences};
use runsheet_task::FileToMake;

use crate::{Files, hash, plan, plan_with};

const BUILD: &str = "  - {name: Build, manual: Build it., makes: missing}\n";
const SEND: &str = "  - {name: Send, task: work, hosts: web, args: {file: missing}}\n";

fn sheet(rows: &[&str]) -> String {
    format!("steps:\n{}", rows.concat())
}

fn sent(plan: &Plan, step: usize) -> Vec<FileToMake> {
    let links = &plan.steps[step].host_work().expect("hosts").links;
    links[0].args.iter().flat_map(|args| args.to_be_made().map(|(_, file)| file).collect::<Vec<_>>()).collect()
}

#[test]
fn a_file_that_is_not_there_yet_may_be_sent_by_who_waits_for_its_maker() {
    let file = |name: &str| FileToMake {
        name: name.to_owned(),
        path: format!("/here/{name}").into(),
        step: "build".to_owned().try_into().expect("an id"),
    };
    for rows in [
        &[BUILD, SEND][..],
        &[BUILD, "  - {name: Tell, manual: Tell them.}\n", SEND],
        &[
            "  - {name: Send, task: work, hosts: web, args: {file: missing}, after: build}\n",
            &BUILD.replace("it.,", "it., after: [],"),
        ],
    ] {
        let plan = plan(&sheet(rows)).expect("a plan");
        let step = plan.steps.iter().position(|step| step.id.as_str() == "send").expect("the step");
        assert_eq!(sent(&plan, step), [file("missing")]);
    }
    // However it is written, it is the same file.
    let written = BUILD.replace("missing", "./a/../missing");
    assert_eq!(sent(&plan(&sheet(&[&written, SEND])).expect("a plan"), 1)[0].name, "./a/../missing");
    let rendered = "vars: {v: 1}\nsteps:\n  - {name: Build, manual: m, makes: ['a-{{ vars.v }}', b]}\n  - {name: Send, task: work, hosts: web, args: {file: 'a-{{ vars.v }}'}}\n";
    let plan = plan(rendered).expect("a plan");
    assert_eq!(sent(&plan, 1), [file("a-1")]);
    assert_eq!(plan.steps[0].makes.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a-1", "b"]);
}

#[test]
fn a_file_that_is_sent_before_it_is_made_is_a_mistake() {
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &[SEND, BUILD],
            "s.yaml:2:55: `missing` is made by step `build`, which comes after this step",
            "a file is sent by a step that comes after the one that makes it",
        ),
        (
            &[BUILD, &SEND.replace("hosts: web", "hosts: web, after: []")],
            "s.yaml:3:66: `missing` is made by step `build`, for which this step does not wait",
            "`after: build` lets this step wait for it",
        ),
        (
            &["  - {name: Send, task: work, hosts: web, makes: missing, args: {file: missing}}\n"],
            "s.yaml:2:71: `missing` is made by step `send`, which is this step itself",
            "a file is sent by a step that comes after the one that makes it",
        ),
        (
            &[BUILD, &BUILD.replace("Build, ", "Again, ")],
            "s.yaml:3:45: step `build` makes `missing` as well",
            "a file is made by one step",
        ),
    ];
    for (rows, told, hint) in cases {
        let error = plan(&sheet(rows)).expect_err(told);
        assert_eq!(error.to_string(), *told);
        assert_eq!(error.hints().iter().collect::<Vec<_>>(), [*hint]);
    }
}

#[test]
fn what_is_read_while_planning_cannot_be_made_later() {
    let makes = |file: &str| format!("  - {{name: Build, manual: m, makes: {file}}}\n");
    let send = |args: &str| format!("  - {{name: Send, task: work, hosts: web, args: {args}}}\n");
    for (file, args) in [("plain", "{template: plain}"), ("site/a", "{folder: site}")] {
        let error = plan(&sheet(&[&makes(file), &send(args)])).expect_err("a mistake");
        let why = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(why.starts_with("step `build` makes it, or some of it"), "{why}");
        assert!(matches!(error, PlanError::File { .. }), "{error}");
    }
    assert!(plan(&sheet(&[&makes("site-a"), &send("{folder: site}")])).is_ok());
}

#[test]
fn a_step_that_does_not_run_makes_nothing() {
    let there = |text: &str| text.replace("missing", "app");
    let skip = |planning: &mut Planning<'_>| planning.choice.skip = vec!["build".to_owned()];
    let rows = sheet(&[&there(BUILD), &there(SEND)]);
    let planned = plan_with(&rows, skip, &Files("")).expect("a plan");
    assert_eq!(sent(&planned, 1), []);
    // Then the file has to be there.
    let error = plan_with(&sheet(&[BUILD, SEND]), skip, &Files("")).expect_err("it is missing");
    assert!(matches!(error, PlanError::File { .. }), "{error}");
    let limit = |planning: &mut Planning<'_>| planning.limit = Some("web".to_owned());
    let by_hosts = "  - {name: Build, task: work, hosts: solr, makes: missing}\n";
    assert!(plan_with(&sheet(&[by_hosts, SEND]), limit, &Files("")).is_err());
    assert!(plan(&sheet(&[by_hosts, SEND])).is_ok());
}

#[test]
fn who_makes_a_file_is_part_of_the_hash_and_its_content_is_not_yet() {
    let rows = sheet(&[BUILD, SEND]);
    let other = plan_with(&rows, |_| {}, &Files("!")).expect("a plan");
    assert_eq!(hash(&rows), other.hash.to_string());
    let there = |text: &str| text.replace("missing", "app");
    let made = there(&rows);
    let not_made = there(&sheet(&[&BUILD.replace(", makes: missing", ""), SEND]));
    let json = |sheet: &str| serde_json::to_value(plan(sheet).expect("a plan")).expect("json");
    assert_eq!(
        differences(&json(&made), &json(&not_made)),
        [
            "step `build`: what it makes was `app` and is now nothing",
            "step `send`: `file` was `app`, which step `build` makes and is now `/here/app`"
        ]
    );
    let text = serde_json::to_string(&plan(&rows).expect("a plan")).expect("json");
    assert_eq!(Plan::read(text.as_bytes()).expect("its hash"), plan(&rows).expect("a plan"));
}
