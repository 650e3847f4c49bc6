use std::collections::HashMap;

use runsheet_diagnostics::Placed;
use runsheet_model::Share;
use runsheet_sheet::{Order, Rollout, Shape};

use crate::{PlanError, PlanHost, PlanRollout, PlanWindow};

/// Puts the hosts of a step in their order and cuts them into waves. `group` is how many the step's pattern selects, before `when` and
/// flags leave some out.
pub(crate) fn resolve_rollout(
    rollout: &Rollout,
    mut hosts: Vec<usize>,
    group: usize,
    all: &[PlanHost],
) -> Result<(Vec<usize>, PlanRollout), PlanError> {
    let mut parts = vec![hosts.len()];
    match &rollout.order {
        Order::Listed | Order::Shuffled => {}
        Order::Reversed => hosts.reverse(),
        Order::By(variable) => (hosts, parts) = by_variable(variable, &hosts, all)?,
    }
    if rollout.once {
        hosts.truncate(1);
        parts = vec![hosts.len()];
    }
    let window = match &rollout.shape {
        Shape::Window { size, floor } => Some(window(size, floor.as_ref(), group, hosts.len())?),
        Shape::Whole | Shape::Waves(_) => None,
    };
    let waves = match &rollout.shape {
        Shape::Waves(sizes) => parts.into_iter().flat_map(|part| cut(part, hosts.len(), sizes)).collect(),
        Shape::Whole | Shape::Window { .. } => parts.into_iter().filter(|&part| part > 0).collect(),
    };
    let shuffled = rollout.order == Order::Shuffled;
    Ok((hosts, PlanRollout { waves, pause: rollout.pause, window, shuffled }))
}

/// Sorts hosts by a variable of theirs, the values in the order in which they come first. Gives how many there are of each.
fn by_variable(
    variable: &Placed<String>,
    hosts: &[usize],
    all: &[PlanHost],
) -> Result<(Vec<usize>, Vec<usize>), PlanError> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut positions = HashMap::new();
    for &host in hosts {
        let Some(value) = all[host].vars.get(&variable.value) else {
            return Err(PlanError::NoOrder {
                place: variable.place.clone(),
                variable: variable.value.clone(),
                host: all[host].name.to_string(),
            });
        };
        let part = *positions.entry(value.to_string()).or_insert_with(|| {
            parts.push(Vec::new());
            parts.len() - 1
        });
        parts[part].push(host);
    }
    let sizes = parts.iter().map(Vec::len).collect();
    Ok((parts.concat(), sizes))
}

/// Cuts a part of a step's hosts into waves; each is a share of all of them, and the last share is repeated.
fn cut(part: usize, hosts: usize, sizes: &[Placed<Share>]) -> Vec<usize> {
    let mut waves = Vec::new();
    let mut left = part;
    let mut sizes = sizes.iter().map(|size| size.value.of(hosts).max(1));
    let mut size = 1;
    while left > 0 {
        size = sizes.next().unwrap_or(size);
        let wave = size.min(left);
        waves.push(wave);
        left -= wave;
    }
    waves
}

fn window(
    size: &Placed<Share>,
    floor: Option<&Placed<Share>>,
    group: usize,
    hosts: usize,
) -> Result<PlanWindow, PlanError> {
    let needed = floor.map_or(0, |floor| floor.value.of_rounded_up(group));
    if let Some(floor) = floor.filter(|_| needed >= group) {
        return Err(PlanError::Floor { place: floor.place.clone(), floor: needed, group });
    }
    Ok(PlanWindow { size: size.value.of(group).max(1), floor: needed, beside: group - hosts })
}

#[cfg(test)]
mod tests {
    use runsheet_diagnostics::Place;

    use super::*;

    fn shares(texts: &[&str]) -> Vec<Placed<Share>> {
        texts
            .iter()
            .map(|text| Placed { value: Share::parse(text).expect("a share"), place: Place::file("x") })
            .collect()
    }

    #[test]
    fn waves_are_shares_of_all_hosts_and_the_last_is_repeated() {
        assert_eq!(cut(20, 20, &shares(&["1", "10%", "100%"])), [1, 2, 17]);
        assert_eq!(cut(20, 20, &shares(&["1", "10%", "50%"])), [1, 2, 10, 7]);
        assert_eq!(cut(7, 7, &shares(&["3"])), [3, 3, 1]);
        assert_eq!(cut(3, 3, &shares(&["10%"])), [1, 1, 1]);
        assert_eq!(cut(3, 3, &shares(&["5", "1"])), [3]);
        assert_eq!(cut(0, 0, &shares(&["5"])), Vec::<usize>::new());
    }
}
