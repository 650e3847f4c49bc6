//! Plans that come from a file.

use proptest::prelude::*;
use runsheet_plan::{Plan, ReadPlanError, differences};
use serde_json::Value;

use crate::{plan, step};

fn written(sheet: &str) -> String {
    serde_json::to_string(&plan(sheet).expect("a plan")).expect("json")
}

#[test]
fn a_plan_of_another_version_is_read_and_differs() {
    let now = written(&step("hosts: web"));
    let other = now.replacen(&format!("\"runsheet\":\"{}\"", env!("CARGO_PKG_VERSION")), "\"runsheet\":\"0.0.1\"", 1);
    let Err(ReadPlanError::Changed { said, found }) = Plan::read(other.as_bytes()) else { panic!("it was changed") };
    let other = other.replace(&said.to_string(), &found.to_string());
    let read = Plan::read(other.as_bytes()).expect("it has its own hash now");
    let json = |text: &str| serde_json::from_str::<Value>(text).expect("json");
    assert_ne!(read.hash, said);
    assert_eq!(
        differences(&json(&other), &json(&now)),
        [format!("the version of runsheet was `0.0.1` and is now `{}`", env!("CARGO_PKG_VERSION"))]
    );
}

#[test]
fn no_changed_byte_gives_another_plan_of_the_same_hash() {
    let sheet = step("hosts: web, args: {text: '{{ host.name }}', file: app}, batch: 1, after: []");
    let text = written(&sheet).into_bytes();
    let plan = Plan::read(&text).expect("as it was written");
    for at in 0..text.len() {
        let mut other = text.clone();
        other[at] ^= 1;
        if let Ok(read) = Plan::read(&other) {
            // What does not count may be another: titles, addresses, paths.
            assert_eq!(read.hash, plan.hash);
            assert!(differences(&json(&read), &json(&plan)).is_empty(), "byte {at}");
            let (read, plan) = (relevant(&read), relevant(&plan));
            assert_eq!(read, plan, "byte {at}");
        }
    }
}

fn json(plan: &Plan) -> Value {
    serde_json::to_value(plan).expect("json")
}

/// A plan without what does not count.
fn relevant(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.sheet.clear();
    plan.hosts.iter_mut().for_each(|host| host.address.clear());
    plan.steps.iter_mut().for_each(|step| step.name.clear());
    let mut text = json(&plan).to_string();
    while let Some(at) = text.find("\"path\":") {
        let end = text[at..].find(',').expect("an end") + at;
        text.replace_range(at..=end, "");
    }
    serde_json::from_str(&text).expect("a plan")
}

proptest! {
    #[test]
    fn a_plan_has_its_hash_after_it_was_written_and_read(number in any::<f64>().prop_filter("finite", |n| n.is_finite()), text in any::<String>()) {
        let vars = serde_json::json!({"number": number, "text": text});
        let sheet = step("hosts: web").replacen("steps:", &format!("vars: {vars}\nsteps:"), 1);
        // Not every text can stand in YAML in this form.
        if let Ok(sheet) = runsheet_sheet::Sheet::parse(&sheet, std::path::Path::new("s.yaml")) {
            let plan = crate::resolve(crate::GROUPS, &sheet, |_| {}, &crate::Files("")).expect("a plan");
            let read = Plan::read(serde_json::to_string(&plan).expect("json").as_bytes()).expect("its own hash");
            prop_assert_eq!(read, plan);
        }
    }
}
