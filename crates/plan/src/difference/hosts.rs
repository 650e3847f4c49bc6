use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::report::{Report, hosts};

/// What differs on hosts, by name of what it is.
#[derive(Default)]
pub(super) struct OnHosts<'a>(BTreeMap<&'a str, Vec<Differing<'a>>>);

struct Differing<'a> {
    host: &'a str,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
}

/// Tells how a value differs, if that makes a difference.
pub(super) type Tell = fn(&str, Option<&Value>, Option<&Value>) -> Option<String>;

impl<'a> OnHosts<'a> {
    /// Takes in what two maps hold for a host.
    pub(super) fn compare(&mut self, host: &'a str, before: &'a Value, after: &'a Value, tell: Tell) {
        if before == after {
            return;
        }
        for name in keys(before, after) {
            let (before, after) = (before.get(name), after.get(name));
            if before != after && tell(name, before, after).is_some() {
                self.0.entry(name).or_default().push(Differing { host, before, after });
            }
        }
    }

    /// Tells each difference once: what it is on the first host, and on which others something differs as well.
    pub(super) fn report(&self, label: &str, tell: Tell, report: &mut Report) {
        for (name, differing) in &self.0 {
            let Some(first) = differing.first() else { continue };
            let Some(told) = tell(name, first.before, first.after) else { continue };
            let alike = |one: &&Differing<'_>| one.before == first.before && one.after == first.after;
            let same: Vec<_> = differing.iter().filter(alike).map(|one| one.host).collect();
            let others: Vec<_> = differing.iter().filter(|one| !alike(one)).map(|one| one.host).collect();
            let mut line = format!("{label}{told}, on {}", hosts(&same));
            if !others.is_empty() {
                line.push_str(&format!("; another way on {}", hosts(&others)));
            }
            report.line(line);
        }
    }
}

/// All names of two maps, each once and in order.
pub(super) fn keys<'a>(before: &'a Value, after: &'a Value) -> BTreeSet<&'a str> {
    let maps = [before, after].into_iter().filter_map(Value::as_object);
    maps.flat_map(|map| map.keys()).map(String::as_str).collect()
}
