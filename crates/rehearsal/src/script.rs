use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{HostName, Pace, StepId};
use runsheet_plan::Plan;

use crate::faults::WorkFault;
use crate::{Fault, Faults, Times};

/// What is played: how long everything takes, and what goes wrong.
pub(crate) struct Script {
    pub(crate) plan: Arc<Plan>,
    pub(crate) times: Times,
    pub(crate) faults: Faults,
    pub(crate) pace: Pace,
    steps: HashMap<StepId, usize>,
    hosts: HashMap<HostName, usize>,
}

/// What a task plays on a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cue {
    /// How long it takes, in the time of the run.
    pub(crate) takes: Duration,
    /// What goes wrong.
    pub(crate) fault: Option<Fault>,
}

impl Script {
    pub(crate) fn new(plan: Arc<Plan>, times: Times, faults: Faults, pace: Pace) -> Self {
        let steps = plan.steps.iter().enumerate().map(|(at, step)| (step.id.clone(), at)).collect();
        let hosts = plan.hosts.iter().enumerate().map(|(at, host)| (host.name.clone(), at)).collect();
        Self { plan, times, faults, pace, steps, hosts }
    }

    /// What a try of a link of a step's chain plays on a host.
    pub(crate) fn cue(&self, step: &StepId, host: &HostName, link: usize, attempt: u32) -> Option<Cue> {
        let (step, host) = (self.step(step)?, self.host(host)?);
        let links = self.plan.steps[step].host_work()?.all_links().count();
        let takes = self.times.work(&self.plan, step, host) / u32::try_from(links).unwrap_or(1).max(1);
        let fault = self.faults.of_work(step, host);
        Some(match fault {
            Some(WorkFault { fault: Fault::Slow(times), .. }) => Cue { takes: slowed(takes, times), fault: None },
            Some(WorkFault { fault, once }) if link == 0 && (attempt == 1 || !once) => {
                Cue { takes, fault: Some(fault) }
            }
            _ => Cue { takes, fault: None },
        })
    }

    pub(crate) fn step(&self, id: &StepId) -> Option<usize> {
        self.steps.get(id).copied()
    }

    pub(crate) fn host(&self, name: &HostName) -> Option<usize> {
        self.hosts.get(name).copied()
    }
}

fn slowed(takes: Duration, times: f64) -> Duration {
    Duration::try_from_secs_f64(takes.as_secs_f64() * times).unwrap_or(Duration::MAX)
}
