use std::collections::{HashMap, HashSet};
use std::time::Duration;

use runsheet_model::format_chosen_duration;
use serde_json::Value;

use super::hosts::keys;
use super::links;
use super::plans::{PlanJson, list};
use super::report::{Report, changed, hosts, names, quoted, shown};

/// A step of one of the plans.
#[derive(Clone, Copy)]
pub(super) struct StepJson<'a> {
    pub(super) plan: &'a PlanJson<'a>,
    pub(super) json: &'a Value,
}

/// Tells how the steps of two plans differ. Steps are the same by their ids; those that are left out do not count.
pub(super) fn compare(before: &PlanJson<'_>, after: &PlanJson<'_>, report: &mut Report) {
    let (was, is) = (running(before), running(after));
    let is_ids: HashSet<_> = is.iter().map(StepJson::id).collect();
    let was_by_id: HashMap<_, _> = was.iter().map(|step| (step.id(), step)).collect();
    for step in was.iter().filter(|step| !is_ids.contains(step.id())) {
        report.line(match left_out(after, step.id()) {
            Some(why) => format!("step {} does not run any more: {}", quoted(step.id()), quoted(why)),
            None => format!("step {} is gone", quoted(step.id())),
        });
    }
    for step in is.iter().filter(|step| !was_by_id.contains_key(step.id())) {
        report.line(match left_out(before, step.id()) {
            Some(why) => format!("step {} runs now, and was left out: {}", quoted(step.id()), quoted(why)),
            None => format!("step {} is new", quoted(step.id())),
        });
    }
    moved(&was, &is, report);
    for step in &is {
        if let Some(was) = was_by_id.get(step.id()) {
            step.compare(was, report);
        }
    }
}

fn running<'a>(plan: &'a PlanJson<'a>) -> Vec<StepJson<'a>> {
    let steps = list(plan.json, "steps").iter().filter(|step| step["left_out"].is_null());
    steps.map(|json| StepJson { plan, json }).collect()
}

fn left_out<'a>(plan: &'a PlanJson<'_>, id: &str) -> Option<&'a str> {
    list(plan.json, "steps").iter().find(|step| step["id"] == id)?["left_out"].as_str()
}

/// Tells which steps stand elsewhere: as few as must have moved.
fn moved(was: &[StepJson<'_>], is: &[StepJson<'_>], report: &mut Report) {
    let places: HashMap<_, _> = was.iter().enumerate().map(|(place, step)| (step.id(), place)).collect();
    let both: Vec<_> = is.iter().filter_map(|step| Some((step.id(), *places.get(step.id())?))).collect();
    let kept = longest_ascending(&both.iter().map(|(_, place)| *place).collect::<Vec<_>>());
    let mut before = None;
    for (index, (id, _)) in both.iter().enumerate() {
        if !kept.contains(&index) {
            let place = before.map_or_else(|| "first".to_owned(), |other| format!("after {}", quoted(other)));
            report.line(format!("step {} has moved: it comes {place} now", quoted(id)));
        }
        before = Some(*id);
    }
}

/// The positions of a longest ascending part of different numbers (patience sorting).
fn longest_ascending(numbers: &[usize]) -> HashSet<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; numbers.len()];
    for (index, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|&end| numbers[end] < *number);
        before[index] = length.checked_sub(1).map(|length| ends[length]);
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    std::iter::successors(ends.last().copied(), |&index| before[index]).collect()
}

impl<'a> StepJson<'a> {
    fn id(&self) -> &'a str {
        self.json["id"].as_str().unwrap_or("?")
    }

    /// The step's work on hosts; null for a person's work.
    pub(super) fn work(&self) -> &'a Value {
        &self.json["work"]["hosts"]
    }

    /// The names of the hosts that stand in a list of its work.
    pub(super) fn hosts(&self, name: &str) -> Vec<&'a str> {
        list(self.work(), name).iter().map(|position| self.plan.host(position)).collect()
    }

    fn ids(&self, name: &str) -> Vec<&'a str> {
        let positions = match &self.json[name] {
            Value::Array(positions) => positions.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        let step = |position: &Value| list(self.plan.json, "steps").get(usize::try_from(position.as_u64()?).ok()?);
        positions.iter().map(|position| step(position).and_then(|step| step["id"].as_str()).unwrap_or("?")).collect()
    }

    fn makes(&self) -> Vec<&'a str> {
        list(self.json, "makes").iter().map(|file| file["name"].as_str().unwrap_or("?")).collect()
    }

    fn compare(&self, was: &StepJson<'_>, report: &mut Report) {
        let label = format!("step {}: ", quoted(self.id()));
        for (what, was, is) in [
            ("what it waits for", was.ids("after"), self.ids("after")),
            ("what it undoes", was.ids("undoes"), self.ids("undoes")),
            ("what it makes", was.makes(), self.makes()),
        ] {
            if was != is {
                report.line(format!("{label}{}", changed(what, &names(was), &names(is))));
            }
        }
        let manual = |step: &StepJson<'_>| step.json["work"]["manual"]["instructions"].as_str().map(str::to_owned);
        match (manual(was), manual(self)) {
            (Some(was), Some(is)) if was != is => {
                report.line(format!("{label}{}", changed("its text", &quoted(&was), &quoted(&is))));
            }
            (Some(_), None) => report.line(format!("{label}it was a person's work and runs tasks now")),
            (None, Some(_)) => report.line(format!("{label}it ran tasks and is a person's work now")),
            (Some(_), Some(_)) => {}
            (None, None) => {
                self.compare_hosts(was, &label, report);
                self.compare_rollout(was, &label, report);
                links::compare(was, self, &label, report);
            }
        }
    }

    fn compare_hosts(&self, was: &StepJson<'_>, label: &str, report: &mut Report) {
        let (old, new) = (was.hosts("hosts"), self.hosts("hosts"));
        let (old_skipped, new_skipped) = (was.hosts("skipped"), self.hosts("skipped"));
        let without = |some: &[&'a str], others: &[&str]| -> Vec<&'a str> {
            let others: HashSet<_> = others.iter().collect();
            some.iter().filter(|name| !others.contains(name)).copied().collect()
        };
        let (old_all, new_all) = ([&*old, &old_skipped].concat(), [&*new, &new_skipped].concat());
        let gone: Vec<_> = {
            let new: HashSet<_> = new_all.iter().collect();
            old_all.iter().filter(|name| !new.contains(name)).copied().collect()
        };
        let both: HashSet<_> = old_all.iter().collect();
        let kept = |name: &&str| both.contains(name);
        let told = [
            ("it also has", without(&new_all, &old_all)),
            ("it no longer has", gone),
            ("`when` leaves out", without(&new_skipped, &old_skipped).into_iter().filter(kept).collect()),
            ("`when` no longer leaves out", without(&new, &old).into_iter().filter(kept).collect()),
        ];
        let mut same = true;
        for (what, names) in told.iter().filter(|(_, names)| !names.is_empty()) {
            same = false;
            report.line(format!("{label}{what} {}", hosts(names)));
        }
        if let Some(at) = old.iter().zip(&new).position(|(old, new)| old != new).filter(|_| same) {
            let (old, new) = (quoted(old[at]), quoted(new[at]));
            report.line(format!("{label}its hosts come in another order: {new} is number {} where {old} was", at + 1));
        }
    }

    fn compare_rollout(&self, was: &StepJson<'_>, label: &str, report: &mut Report) {
        let (old, new) = (was.work(), self.work());
        fields("forks", &old["forks"], &new["forks"], label, report);
        // One wave of all hosts says nothing that the hosts do not say.
        let one_wave = |work: &Value| list(&work["rollout"], "waves").len() <= 1;
        for name in keys(&old["rollout"], &new["rollout"]) {
            if name != "waves" || !(one_wave(old) && one_wave(new)) {
                fields(name, &old["rollout"][name], &new["rollout"][name], label, report);
            }
        }
        for name in keys(&old["policy"], &new["policy"]) {
            fields(name, &old["policy"][name], &new["policy"][name], label, report);
        }
    }
}

/// Tells of each value that differs, by its name.
pub(super) fn fields(name: &str, before: &Value, after: &Value, label: &str, report: &mut Report) {
    if before == after {
        return;
    }
    if name == "window" && before.is_object() && after.is_object() {
        for part in keys(before, after) {
            fields(&format!("{name} {part}"), &before[part], &after[part], label, report);
        }
        return;
    }
    let value = |value: &Value| match (name, value) {
        ("timeout_ms", Value::Number(ms)) => duration(ms.as_u64()),
        ("pause", Value::Object(pause)) => duration(pause.get("for").and_then(Value::as_u64)),
        ("retries", Value::Null) => "0".to_owned(),
        _ => shown(Some(value)),
    };
    let what = quoted(name.strip_suffix("_ms").unwrap_or(name));
    report.line(format!("{label}{}", changed(&what, &value(before), &value(after))));
}

fn duration(ms: Option<u64>) -> String {
    ms.map_or_else(|| "nothing".to_owned(), |ms| format_chosen_duration(Duration::from_millis(ms)))
}
