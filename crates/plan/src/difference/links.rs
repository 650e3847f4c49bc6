use std::collections::HashMap;

use serde_json::Value;

use super::hosts::{OnHosts, keys};
use super::plans::list;
use super::report::{Report, changed, names, quoted};
use super::steps::{StepJson, fields};
use super::values::argument;

/// Tells how the tasks of a step differ.
pub(super) fn compare(was: &StepJson<'_>, is: &StepJson<'_>, label: &str, report: &mut Report) {
    for (which, what) in [("links", "what it does"), ("always", "what it always does")] {
        let (old, new) = (list(was.work(), which), list(is.work(), which));
        let (old_tasks, new_tasks) = (tasks(old), tasks(new));
        if old_tasks != new_tasks {
            let told = changed(what, &names(old_tasks.iter().copied()), &names(new_tasks.iter().copied()));
            report.line(format!("{label}{told}"));
        }
        for (old_at, new_at) in pairs(&old_tasks, &new_tasks) {
            let label = if new.len() > 1 || which == "always" {
                format!("{label}{}, task {}: ", quoted(new_tasks[new_at]), new_at + 1)
            } else {
                label.to_owned()
            };
            let pair = Pair { was, is, old: &old[old_at], new: &new[new_at] };
            pair.compare(&label, report);
        }
    }
}

fn tasks<'a>(links: &'a [Value]) -> Vec<&'a str> {
    links.iter().map(|link: &'a Value| link["task"].as_str().unwrap_or("?")).collect()
}

/// Which tasks of a chain are the same ones: those before, and those behind, all that differs.
fn pairs(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let shorter = old.len().min(new.len());
    let same = |(old, new): &(&&str, &&str)| old == new;
    let first = old.iter().zip(new).take_while(same).count();
    let last = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(shorter - first);
    let behind = (1..=last).rev().map(|back| (old.len() - back, new.len() - back));
    (0..first).map(|at| (at, at)).chain(behind).collect()
}

/// One task of a step, as it was and as it is.
struct Pair<'a> {
    was: &'a StepJson<'a>,
    is: &'a StepJson<'a>,
    old: &'a Value,
    new: &'a Value,
}

impl<'a> Pair<'a> {
    fn compare(&self, label: &str, report: &mut Report) {
        for name in ["timeout_ms", "retries", "idempotent", "receipt", "reboots", "even_if_lost"] {
            fields(name, &self.old[name], &self.new[name], label, report);
        }
        if self.old["code"] != self.new["code"] {
            report.line(format!("{label}the script is another one"));
        }
        self.compare_delegates(label, report);
        for name in ["shell", "args"] {
            self.compare_values(&self.old[name], &self.new[name], label, report);
        }
    }

    /// Tells what differs in values that may be others for each host.
    fn compare_values(&self, old: &'a Value, new: &'a Value, label: &str, report: &mut Report) {
        if let (Some(old), Some(new)) = (old.get("same"), new.get("same")) {
            for name in keys(old, new) {
                if let Some(told) = argument(name, old.get(name), new.get(name)) {
                    report.line(format!("{label}{told}"));
                }
            }
            return;
        }
        let mut differing = OnHosts::default();
        for (host, old_at, new_at) in self.common_hosts() {
            differing.compare(host, of(old, old_at), of(new, new_at), argument);
        }
        differing.report(label, argument, report);
    }

    fn compare_delegates(&self, label: &str, report: &mut Report) {
        if self.old["delegate"].is_null() && self.new["delegate"].is_null() {
            return;
        }
        for (host, old_at, new_at) in self.common_hosts() {
            let name = |step: &StepJson<'a>, link: &'a Value, at| match of(&link["delegate"], at) {
                Value::Null => "the host itself".to_owned(),
                position => quoted(step.plan.host(position)),
            };
            let (old, new) = (name(self.was, self.old, old_at), name(self.is, self.new, new_at));
            if old != new {
                let told = changed("where its commands run", &old, &new);
                let with_others = [&self.old["delegate"], &self.new["delegate"]]
                    .iter()
                    .any(|delegate| delegate.get("each").is_some());
                let of_host = if with_others { format!(", for {} first of all", quoted(host)) } else { String::new() };
                report.line(format!("{label}{told}{of_host}"));
                return;
            }
        }
    }

    /// The hosts that the step had and has, with their positions in it then and now.
    fn common_hosts(&self) -> Vec<(&'a str, usize, usize)> {
        let old: HashMap<_, _> = self.was.hosts("hosts").into_iter().zip(0..).collect();
        let new = self.is.hosts("hosts").into_iter().zip(0..);
        new.filter_map(|(host, at)| Some((host, *old.get(host)?, at))).collect()
    }
}

/// The value for the host at a position.
fn of(value: &Value, position: usize) -> &Value {
    value.get("same").unwrap_or_else(|| &value["each"][position])
}
