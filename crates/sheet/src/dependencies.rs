use std::collections::{BTreeMap, BTreeSet, VecDeque};

use runsheet_diagnostics::nearest;

use crate::{After, SheetError, Step};

/// Refuses ids that no step has and steps that wait for themselves.
pub(crate) fn check(steps: &[Step]) -> Result<(), SheetError> {
    let positions = positions(steps);
    for step in steps {
        let After::Steps(ids) = &step.after else { continue };
        if let Some(id) = ids.iter().find(|id| !positions.contains_key(id.value.as_str())) {
            let known = positions.keys().copied();
            return Err(SheetError::UnknownStep {
                id: id.value.to_string(),
                nearest: nearest(id.value.as_str(), known).map(str::to_owned),
                place: id.place.clone(),
            });
        }
    }
    match order(&direct(steps)) {
        Ok(_) => Ok(()),
        Err(cycle) => {
            let path = cycle.iter().chain(cycle.first()).filter_map(|&at| steps.get(at));
            let path: Vec<&str> = path.map(|step| step.id.as_str()).collect();
            let place = cycle.iter().filter_map(|&at| steps.get(at)).find_map(|step| match &step.after {
                After::Steps(ids) => ids.first().map(|id| id.place.clone()),
                After::RowAbove => step.place.clone(),
            });
            Err(SheetError::Cycle { path: path.join(" → "), place: place.map(Box::new) })
        }
    }
}

/// See [`crate::Sheet::dependencies`].
pub(crate) fn dependencies(steps: &[Step]) -> Vec<Vec<usize>> {
    let direct = direct(steps);
    let mut found: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); steps.len()];
    for at in order(&direct).unwrap_or_default() {
        let mut set = BTreeSet::new();
        for &before in &direct[at] {
            if steps[before].enabled {
                set.insert(before);
            } else {
                set.extend(&found[before]);
            }
        }
        found[at] = set;
    }
    found.into_iter().map(|set| set.into_iter().collect()).collect()
}

fn positions(steps: &[Step]) -> BTreeMap<&str, usize> {
    steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect()
}

/// What each step waits for, as the sheet says it.
fn direct(steps: &[Step]) -> Vec<Vec<usize>> {
    let positions = positions(steps);
    let waits = steps.iter().enumerate().map(|(at, step)| match &step.after {
        After::RowAbove => at.checked_sub(1).into_iter().collect(),
        After::Steps(ids) => ids.iter().filter_map(|id| positions.get(id.value.as_str()).copied()).collect(),
    });
    waits.collect()
}

/// An order in which each step stands behind what it waits for; or, if there is none, steps that wait for each other, each
/// for the next and the last for the first.
fn order(direct: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting: Vec<usize> = direct.iter().map(Vec::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); direct.len()];
    for (at, before) in direct.iter().enumerate() {
        for &before in before {
            followers[before].push(at);
        }
    }
    let mut free: VecDeque<usize> = (0..direct.len()).filter(|&at| waiting[at] == 0).collect();
    let mut order = Vec::with_capacity(direct.len());
    while let Some(at) = free.pop_front() {
        order.push(at);
        for &follower in &followers[at] {
            waiting[follower] -= 1;
            if waiting[follower] == 0 {
                free.push_back(follower);
            }
        }
    }
    match (0..direct.len()).find(|&at| waiting[at] > 0) {
        None => Ok(order),
        Some(stuck) => Err(cycle(direct, &waiting, stuck)),
    }
}

/// Follows steps that wait for ones that wait, until one comes again.
fn cycle(direct: &[Vec<usize>], waiting: &[usize], start: usize) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut seen = BTreeMap::new();
    let mut at = start;
    loop {
        if let Some(&first) = seen.get(&at) {
            return path.split_off(first);
        }
        seen.insert(at, path.len());
        path.push(at);
        match direct[at].iter().find(|&&before| waiting[before] > 0) {
            Some(&before) => at = before,
            None => return path,
        }
    }
}
