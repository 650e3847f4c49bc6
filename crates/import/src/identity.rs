//! Which id a step has: the same as last time wherever its row is still to be recognised.

use std::collections::{BTreeMap, BTreeSet};

use runsheet_model::slug;
use serde_json::{Map, Value};

use crate::StepRecord;
use crate::steps::StepRow;

/// Gives every step its id, in the order of the steps.
///
/// What the spreadsheet itself says comes first. A row is then taken for a step of the last import if its cells are the same, else if
/// its title is, else if all but its title is, else if it alone stands between the same neighbours. Whatever is left is new, and has
/// an id made out of its title.
pub(crate) fn ids(steps: &[StepRow], before: &[StepRecord]) -> Vec<String> {
    let mut match_up = Matching { ids: steps.iter().map(|step| step.id.clone()).collect(), free: Vec::new() };
    let written: BTreeSet<String> = match_up.ids.iter().flatten().cloned().collect();
    match_up.free = before.iter().map(|record| !written.contains(&record.id)).collect();
    match_up.by(steps, before, |step| step.fingerprint.clone(), |record| record.fingerprint.clone());
    match_up.by(steps, before, |step| step.title().to_owned(), |record| title(&record.fields));
    match_up.by(steps, before, |step| but_title(&step.fields), |record| but_title(&record.fields));
    match_up.by_neighbours(before);
    let mut taken: BTreeSet<String> = match_up.ids.iter().flatten().cloned().collect();
    let mut made = Vec::new();
    for (step, id) in steps.iter().zip(match_up.ids) {
        made.push(id.unwrap_or_else(|| {
            let slug =
                Some(slug(step.title())).filter(|slug| !slug.is_empty()).unwrap_or_else(|| format!("row-{}", step.row));
            let mut id = slug.clone();
            let mut number = 2;
            while !taken.insert(id.clone()) {
                id = format!("{slug}-{number}");
                number += 1;
            }
            id
        }));
    }
    made
}

struct Matching {
    ids: Vec<Option<String>>,
    /// Which steps of the last import nobody has taken.
    free: Vec<bool>,
}

impl Matching {
    /// Pairs up what is the same in some way, where there are as many on both sides.
    fn by(
        &mut self,
        steps: &[StepRow],
        before: &[StepRecord],
        of_step: impl Fn(&StepRow) -> String,
        of_record: impl Fn(&StepRecord) -> String,
    ) {
        let mut same: BTreeMap<String, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (at, step) in steps.iter().enumerate().filter(|(at, _)| self.ids[*at].is_none()) {
            same.entry(of_step(step)).or_default().0.push(at);
        }
        for (at, record) in before.iter().enumerate().filter(|(at, _)| self.free[*at]) {
            same.entry(of_record(record)).or_default().1.push(at);
        }
        for (key, (new, old)) in same {
            if !key.is_empty() && new.len() == old.len() {
                new.into_iter().zip(old).for_each(|(new, old)| self.pair(new, old, before));
            }
        }
    }

    fn by_neighbours(&mut self, before: &[StepRecord]) {
        let at: BTreeMap<&str, usize> =
            before.iter().enumerate().map(|(at, record)| (record.id.as_str(), at)).collect();
        for new in 0..self.ids.len() {
            let neighbour = |at_new: Option<usize>| {
                at_new.and_then(|new| self.ids.get(new)?.as_deref()).and_then(|id| at.get(id).copied())
            };
            if self.ids[new].is_some() {
                continue;
            }
            let above = if new == 0 { Some(0) } else { neighbour(new.checked_sub(1)).map(|old| old + 1) };
            let below = if new + 1 == self.ids.len() { Some(before.len()) } else { neighbour(Some(new + 1)) };
            if let (Some(old), Some(below)) = (above, below)
                && old + 1 == below
                && self.free.get(old) == Some(&true)
            {
                self.pair(new, old, before);
            }
        }
    }

    fn pair(&mut self, new: usize, old: usize, before: &[StepRecord]) {
        self.ids[new] = Some(before[old].id.clone());
        self.free[old] = false;
    }
}

fn title(fields: &Map<String, Value>) -> String {
    fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Everything that a step says but its title; nothing for one that says nothing else worth telling it by.
fn but_title(fields: &Map<String, Value>) -> String {
    if !fields.contains_key("task") {
        return String::new();
    }
    let mut rest: Vec<_> = fields
        .iter()
        .filter(|(word, _)| *word != "name" && *word != "after")
        .map(|(word, value)| format!("{word}={value}"))
        .collect();
    rest.sort();
    rest.join("\n")
}
