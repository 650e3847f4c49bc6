use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{Ask, Observer};
use runsheet_model::{Endpoint, Hop, HostKeyMode, HostKeys, Pace, SshOptions};
use runsheet_plan::{HostWork, Plan, PlanStep};
use runsheet_practice::{Fleet, PracticeError, PracticeHost};
use runsheet_ssh::{SshConnector, SshSettings};
use runsheet_task::{Connector, Local, Registry};

use crate::answering::Answering;
use crate::casting::cast;
use crate::connector::{Cast, ToTheCast};
use crate::nobody::Nobody;
use crate::script::Script;
use crate::stagehand::Stagehand;
use crate::stand_in::StandIn;
use crate::{Faults, Times};

/// How long connecting to a practice host may take by the clock: this machine may be busy with a thousand of them.
const CONNECT: Duration = Duration::from_mins(1);

/// A stage that is set: practice hosts that stand for those of a plan, and the parts that a runner needs to play on them.
pub struct Rehearsal {
    script: Arc<Script>,
    cast: Arc<Cast>,
    endpoints: Vec<Endpoint>,
}

impl Rehearsal {
    /// Starts a practice host for each host of the plan, this machine among them if the plan works on it.
    ///
    /// For hundreds of hosts call [`runsheet_practice::raise_open_files`] before.
    pub async fn set_up(plan: Plan, times: Times, faults: Faults, pace: Pace) -> Result<Self, PracticeError> {
        // By number: not every name of a host can be that of a practice host.
        let names = (0..plan.hosts.len()).map(|position| format!("host-{position}"));
        let fleet = Fleet::builder().hosts(names).played().start().await?;
        let endpoints = plan.hosts.iter().zip(fleet.hosts()).map(|(host, stands)| Endpoint {
            host: host.name.clone(),
            target: hop(&fleet, stands),
            jumps: Vec::new(),
            connect_timeout: CONNECT,
        });
        let endpoints = endpoints.collect();
        let script = Arc::new(Script::new(Arc::new(cast(plan)), times, faults, pace));
        Ok(Self { script, cast: Arc::new(Cast::new(fleet)), endpoints })
    }

    /// What is played: the plan without anything that could be done.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.script.plan
    }

    /// Where the hosts of the plan are, by position: all of them on loopback addresses.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Where the time of each step comes from, and what goes wrong.
    pub fn times(&self) -> &Times {
        &self.script.times
    }

    /// What connects to practice hosts, and to nobody else.
    pub fn connector(&self) -> Arc<dyn Connector> {
        let ssh = SshConnector::new(SshSettings::default());
        Arc::new(ToTheCast { ssh, script: self.script.clone(), cast: self.cast.clone() })
    }

    /// This machine, which does nothing.
    pub fn local(&self) -> Arc<dyn Local> {
        Arc::new(Nobody)
    }

    /// Tasks that stand in for those of the plan. There are no others.
    pub fn registry(&self) -> Arc<Registry> {
        let mut registry = Registry::default();
        let works = self.script.plan.steps.iter().filter_map(PlanStep::host_work);
        for link in works.flat_map(HostWork::all_links) {
            if registry.get(link.task.as_str()).is_err() {
                registry.add(Arc::new(StandIn::new(link.task.clone(), self.script.clone())));
            }
        }
        Arc::new(registry)
    }

    /// Somebody who answers for people.
    pub fn ask(&self) -> Arc<dyn Ask> {
        Arc::new(Answering::new(self.script.clone()))
    }

    /// Somebody who has faults of connecting strike in time. They are in force only if this watches the run.
    pub fn stagehand(&self) -> Box<dyn Observer> {
        Box::new(Stagehand::new(self.script.clone(), self.cast.clone()))
    }

    /// Ends the practice hosts. All that was handed out before is of no use any more.
    pub async fn close(self) {
        let Self { script, cast, .. } = self;
        drop(script);
        // Whoever still holds it lets them end when they are dropped.
        if let Ok(cast) = Arc::try_unwrap(cast) {
            cast.into_fleet().shutdown().await;
        }
    }
}

fn hop(fleet: &Fleet, host: &PracticeHost) -> Hop {
    let host_keys = HostKeys {
        mode: HostKeyMode::Strict,
        user_files: vec![fleet.known_hosts().to_owned()],
        global_files: Vec::new(),
    };
    Hop {
        address: host.address().ip().to_string(),
        port: host.address().port(),
        user: fleet.user().to_owned(),
        identities: [fleet.identity().to_owned()].into(),
        identities_only: true,
        agent: None,
        certificates: Arc::default(),
        host_keys: Arc::new(host_keys),
        host_key_alias: None,
        proxy_command: None,
        options: Arc::new(SshOptions::default()),
    }
}
