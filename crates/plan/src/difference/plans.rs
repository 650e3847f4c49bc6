use std::collections::HashMap;

use serde_json::Value;

use super::hosts::{OnHosts, keys};
use super::report::{Report, changed, quoted, shown};
use super::steps;

/// A plan's JSON, with what is asked of it often at hand.
pub(super) struct PlanJson<'a> {
    pub(super) json: &'a Value,
    /// The names of its hosts, by position.
    pub(super) hosts: Vec<&'a str>,
}

/// Tells what differs between two plans, given as the JSON of [`crate::Plan`]: what was, and what is now.
///
/// Nothing for plans with equal hashes, and never nothing for plans whose hashes differ. What does not count (titles, owners, notes,
/// addresses of hosts, paths of files) is not told.
pub fn differences(before: &Value, after: &Value) -> Vec<String> {
    let (one, other) = (before.get("hash").and_then(Value::as_str), after.get("hash").and_then(Value::as_str));
    if one.is_some() && one == other {
        return Vec::new();
    }
    let mut report = Report::default();
    let (before, after) = (PlanJson::new(before), PlanJson::new(after));
    makers(before.json, after.json, &mut report);
    variables(before.json, after.json, &mut report);
    steps::compare(&before, &after, &mut report);
    host_variables(&before, &after, &mut report);
    if report.is_empty() && one != other {
        report.line("they differ in something that this list does not tell, such as the version of a task".to_owned());
    }
    report.into_lines()
}

impl<'a> PlanJson<'a> {
    fn new(json: &'a Value) -> Self {
        let name = |host: &'a Value| host.get("name").and_then(Value::as_str).unwrap_or("?");
        Self { json, hosts: list(json, "hosts").iter().map(name).collect() }
    }

    /// The name of the host at a position.
    pub(super) fn host(&self, position: &Value) -> &'a str {
        let position = position.as_u64().and_then(|position| usize::try_from(position).ok());
        position.and_then(|position| self.hosts.get(position).copied()).unwrap_or("?")
    }
}

/// A list in a map; an empty one where there is none.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn makers(before: &Value, after: &Value, report: &mut Report) {
    for (name, what) in [("runsheet", "the version of runsheet"), ("format", "the form of plans")] {
        let (before, after) = (before.get(name), after.get(name));
        if before != after {
            report.line(changed(what, &shown(before), &shown(after)));
        }
    }
}

fn variable(name: &str, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
    (before != after).then(|| changed(&format!("variable {}", quoted(name)), &shown(before), &shown(after)))
}

fn variables(before: &Value, after: &Value, report: &mut Report) {
    let (before, after) = (&before["vars"], &after["vars"]);
    for name in keys(before, after) {
        if let Some(told) = variable(name, before.get(name), after.get(name)) {
            report.line(told);
        }
    }
}

fn host_variables(before: &PlanJson<'_>, after: &PlanJson<'_>, report: &mut Report) {
    let known: HashMap<_, _> = before.hosts.iter().zip(list(before.json, "hosts")).collect();
    let mut differing = OnHosts::default();
    for (name, host) in after.hosts.iter().zip(list(after.json, "hosts")) {
        if let Some(was) = known.get(name) {
            differing.compare(name, &was["vars"], &host["vars"], variable);
        }
    }
    differing.report("", variable, report);
}
