use std::collections::{BTreeMap, HashMap, HashSet};

use runsheet_diagnostics::nearest;
use runsheet_model::HostName;
use runsheet_plan::{Plan, PlanStep};

use crate::{Chance, Fault, FaultEntry, FaultError};

/// How slow a host is that chance slows down.
const SLOW: f64 = 3.0;

/// What goes wrong in a rehearsal: by host, and by step.
///
/// What concerns connecting strikes a host for good: from the beginning, or, if a step is named, once everything before that step
/// is over. What concerns work strikes the first task of a step's chain on the host, `slow` all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// By positions of step and host in the plan.
    work: HashMap<(usize, usize), WorkFault>,
    connecting: Vec<ConnectingFault>,
    drawn: BTreeMap<(usize, usize), Fault>,
}

/// Something that goes wrong with the work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WorkFault {
    pub(crate) fault: Fault,
    /// Whether the next try goes well.
    pub(crate) once: bool,
}

/// Something that goes wrong with connecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectingFault {
    /// The host, by its position in the plan.
    pub(crate) host: usize,
    /// The step before which it strikes; none for one that is there from the beginning.
    pub(crate) step: Option<usize>,
    pub(crate) fault: runsheet_practice::Fault,
}

impl Faults {
    /// Adds what somebody has asked for. `hosts` is what its pattern selects. Of two that strike the same work the later one counts.
    pub fn add(&mut self, plan: &Plan, entry: &FaultEntry, hosts: &[HostName]) -> Result<(), FaultError> {
        let step = entry.step.as_deref().map(|name| find(plan, name)).transpose()?;
        let hosts: HashSet<_> = hosts.iter().collect();
        // A step that undoes another is struck only if it is named: whoever breaks a deploy does not want to break its way back as well.
        let is_meant = |at: usize| step.map_or(plan.steps[at].undoes.is_none(), |step| step == at);
        let struck: Vec<_> =
            places(plan).filter(|&(at, host)| is_meant(at) && hosts.contains(&plan.hosts[host].name)).collect();
        if let Some(fault) = entry.fault.of_connecting() {
            // A host that only does something for others is connected to as well.
            let mut found: Vec<_> = match step {
                None => (0..plan.hosts.len()).filter(|&host| hosts.contains(&plan.hosts[host].name)).collect(),
                Some(_) => struck.iter().map(|&(_, host)| host).collect(),
            };
            found.dedup();
            if found.is_empty() {
                return Err(FaultError::Nobody { text: entry.text.clone() });
            }
            self.connecting.extend(found.into_iter().map(|host| ConnectingFault { host, step, fault: fault.clone() }));
            return Ok(());
        }
        if struck.is_empty() {
            return Err(FaultError::Nobody { text: entry.text.clone() });
        }
        self.work.extend(struck.into_iter().map(|at| (at, WorkFault { fault: entry.fault, once: entry.once })));
        Ok(())
    }

    /// Adds faults by chance: each host of each step of which nothing else is known has one with this probability, from 0 to 1. Six in ten fail, two refuse
    /// connections from then on, one loses its connection, one is three times as slow.
    pub fn add_by_chance(&mut self, plan: &Plan, probability: f64, chance: Chance) {
        for at @ (step, host) in places(plan).filter(|&(step, _)| plan.steps[step].undoes.is_none()) {
            let words = [plan.steps[step].id.as_str(), plan.hosts[host].name.as_str()];
            if self.work.contains_key(&at) || chance.number(&["strikes", words[0], words[1]]) >= probability {
                continue;
            }
            let fault = match chance.number(&["kind", words[0], words[1]]) {
                kind if kind < 0.6 => Fault::Fail(1),
                kind if kind < 0.8 => Fault::Refuse,
                kind if kind < 0.9 => Fault::Drop,
                _ => Fault::Slow(SLOW),
            };
            self.drawn.insert(at, fault);
            match fault.of_connecting() {
                Some(fault) => self.connecting.push(ConnectingFault { host, step: Some(step), fault }),
                None => _ = self.work.insert(at, WorkFault { fault, once: false }),
            }
        }
    }

    /// What chance has drawn: step, host and fault, in the order of the sheet.
    pub fn drawn<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (&'a PlanStep, &'a HostName, Fault)> {
        self.drawn.iter().map(|(&(step, host), &fault)| (&plan.steps[step], &plan.hosts[host].name, fault))
    }

    pub(crate) fn of_work(&self, step: usize, host: usize) -> Option<WorkFault> {
        self.work.get(&(step, host)).copied()
    }

    pub(crate) fn of_connecting(&self) -> &[ConnectingFault] {
        &self.connecting
    }
}

/// Which hosts are worked on in which steps, by position.
fn places(plan: &Plan) -> impl Iterator<Item = (usize, usize)> {
    let steps = plan.steps.iter().enumerate().filter(|(_, step)| step.left_out.is_none());
    steps.flat_map(|(at, step)| {
        step.host_work().into_iter().flat_map(move |work| work.hosts.iter().map(move |&host| (at, host)))
    })
}

fn find(plan: &Plan, name: &str) -> Result<usize, FaultError> {
    let runs = |step: &&PlanStep| step.left_out.is_none();
    let is_meant = |step: &PlanStep| step.left_out.is_none() && (step.id.as_str() == name || step.name == name);
    plan.steps.iter().position(is_meant).ok_or_else(|| FaultError::NoStep {
        name: name.to_owned(),
        nearest: nearest(name, plan.steps.iter().filter(runs).map(|step| step.id.as_str())).map(str::to_owned),
    })
}
