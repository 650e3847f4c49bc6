use std::collections::HashMap;
use std::sync::Arc;

use runsheet_model::StepId;

use crate::{HostWork, PerHost, Plan, PlanHash, PlanHost, Work};

/// The position of what is outside a part: a plan may name steps that it does not have.
const OUTSIDE: usize = usize::MAX;

/// The hosts of a part, in the order of their first appearance, while it is put together.
struct PartHosts<'a> {
    all: &'a [PlanHost],
    places: HashMap<usize, usize>,
    hosts: Vec<PlanHost>,
}

impl Plan {
    /// The same with some of its steps only, the hosts that these have, and a hash of its own: a part of two plans is the same if its
    /// hashes are. What one of its steps waits for outside the part is named as a step that there is not.
    #[must_use]
    pub fn part(&self, has: impl Fn(&StepId) -> bool) -> Self {
        let kept: Vec<_> = self.steps.iter().enumerate().filter(|(_, step)| has(&step.id)).collect();
        let places: HashMap<_, _> = kept.iter().enumerate().map(|(place, (index, _))| (*index, place)).collect();
        let place = |index: &usize| places.get(index).copied().unwrap_or(OUTSIDE);
        let mut hosts = PartHosts { all: &self.hosts, places: HashMap::new(), hosts: Vec::new() };
        let steps = kept
            .into_iter()
            .map(|(_, step)| {
                let mut step = step.clone();
                step.after = step.after.iter().map(place).collect();
                step.undoes = step.undoes.as_ref().map(place);
                if let Work::Hosts(work) = &mut step.work {
                    hosts.take(work);
                }
                step
            })
            .collect();
        let mut part = Self {
            format: self.format,
            runsheet: self.runsheet.clone(),
            sheet: self.sheet.clone(),
            vars: self.vars.clone(),
            hosts: hosts.hosts,
            steps,
            host_locks: self.host_locks.clone(),
            hash: PlanHash::none(),
        };
        part.hash = PlanHash::of(&part);
        part
    }
}

impl PartHosts<'_> {
    fn take(&mut self, work: &mut HostWork) {
        for host in work.hosts.iter_mut().chain(&mut work.skipped) {
            *host = self.place(*host);
        }
        for delegate in work.links.iter_mut().chain(&mut work.always).filter_map(|link| link.delegate.as_mut()) {
            match delegate {
                PerHost::Same(host) => *host = Arc::new(self.place(**host)),
                PerHost::Each(hosts) => hosts.iter_mut().for_each(|host| *host = Arc::new(self.place(**host))),
            }
        }
    }

    fn place(&mut self, host: usize) -> usize {
        let Some(known) = self.all.get(host) else { return OUTSIDE };
        *self.places.entry(host).or_insert_with(|| {
            self.hosts.push(known.clone());
            self.hosts.len() - 1
        })
    }
}
