use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{HostLocks, HostName, SecretName, StepId, Switch, TaskName, Vars, duration_ms};
use runsheet_task::{Args, ShellSettings};
use serde::{Deserialize, Serialize};

use crate::{PerHost, PlanHash, PlanPolicy, PlanRollout};

/// What would run: every step with its hosts and its rendered arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The form in which it is written; 0 in records of older versions.
    #[serde(default)]
    pub format: u32,
    /// Version of the runsheet that made it, and so of its tasks; empty in records of older versions.
    #[serde(default)]
    pub runsheet: String,
    /// Name of the sheet.
    pub sheet: String,
    /// The sheet's variables, after `--set`.
    pub vars: Arc<Vars>,
    /// Every host of the plan once, in the order of their first appearance.
    pub hosts: Vec<PlanHost>,
    /// The steps, in the order of the sheet.
    pub steps: Vec<PlanStep>,
    /// Whether its hosts are locked on the hosts, too, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_locks: Option<HostLocks>,
    /// Names exactly this plan.
    pub hash: PlanHash,
}

/// A host of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanHost {
    /// Its name.
    pub name: HostName,
    /// Its address, which templates see as `host.address`. A connection setting, so outside the hash.
    pub address: String,
    /// Its variables.
    pub vars: Arc<Vars>,
    /// Whether it is the machine that runs runsheet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

/// A step of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Its id.
    pub id: StepId,
    /// Its title.
    pub name: String,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How long the sheet expects it to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_ms: Option<u64>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Why it does not run, if it does not: `disabled` in the sheet, or left out by a flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Positions of the steps that must be over before it starts.
    pub after: Vec<usize>,
    /// The position of the step that it undoes. It runs for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<usize>,
    /// Files of this machine that are there once it has ended well. Each is hashed then, and later steps send exactly that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub makes: Vec<PlanFile>,
    /// What it does.
    pub work: Work,
}

/// A file of this machine that a step makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// How the sheet calls it.
    pub name: String,
    /// Where it lies. Outside the hash.
    pub path: PathBuf,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A person does it.
    Manual {
        /// What to do.
        instructions: String,
    },
    /// Tasks on hosts.
    Hosts(HostWork),
}

/// Tasks on hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostWork {
    /// Positions of its hosts in the plan's hosts, in the order in which they are started.
    pub hosts: Vec<usize>,
    /// Positions of the hosts that its `when` leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<usize>,
    /// On how many hosts it is worked at once.
    pub forks: usize,
    /// What is done on each host, one after the other, until something fails.
    pub links: Vec<PlanLink>,
    /// What is done on each host that was begun, after that and whatever happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub always: Vec<PlanLink>,
    /// How it goes through its hosts.
    pub rollout: PlanRollout,
    /// What happens when hosts fail.
    #[serde(default)]
    pub policy: PlanPolicy,
}

/// One task of a step's chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a promise of its own")]
pub struct PlanLink {
    /// Which task.
    pub task: TaskName,
    /// Whether it may be repeated without asking.
    pub idempotent: bool,
    /// How long one attempt may take.
    #[serde(with = "duration_ms", rename = "timeout_ms")]
    pub timeout: Duration,
    /// As whom, where and with which environment its commands run.
    pub shell: PerHost<ShellSettings>,
    /// Its arguments.
    pub args: PerHost<Args>,
    /// How often it is tried again when it failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// Whether the host keeps a receipt of it, so that its end can be found out where it was not seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub receipt: bool,
    /// The position in the plan's hosts of the one on which its commands run instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<PerHost<usize>>,
    /// Whether it starts its host anew, and is over when that is back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reboots: bool,
    /// Which code the task is, if it is not part of the program: SHA-256 in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether the task runs commands by sudo of its own accord.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sudo: bool,
    /// Of what is always done: whether it is done even where nobody knows how the chain ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub even_if_lost: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Plan {
    /// The form in which this program writes plans. It is part of the hash.
    pub const FORMAT: u32 = 3;

    /// Puts a plan together and gives it its hash.
    pub fn new(
        sheet: String,
        vars: Arc<Vars>,
        hosts: Vec<PlanHost>,
        steps: Vec<PlanStep>,
        host_locks: Option<HostLocks>,
    ) -> Self {
        let runsheet = env!("CARGO_PKG_VERSION").to_owned();
        let (format, hash) = (Self::FORMAT, PlanHash::none());
        let mut plan = Self { format, runsheet, sheet, vars, hosts, steps, host_locks, hash };
        plan.hash = PlanHash::of(&plan);
        plan
    }

    /// The same without what only real work needs: locks on hosts, pauses, files that are made, hosts that are started anew. Its hash
    /// stays that of the plan that would be run.
    pub fn for_dry_run(mut self) -> Self {
        self.host_locks = None;
        for step in &mut self.steps {
            step.makes = Vec::new();
            if let Work::Hosts(work) = &mut step.work {
                work.rollout.pause = None;
                for link in work.links.iter_mut().chain(&mut work.always) {
                    link.reboots = false;
                    link.receipt = false;
                }
            }
        }
        self
    }

    /// The names of all secrets that the plan needs.
    pub fn secrets(&self) -> Vec<SecretName> {
        let mut names: Vec<_> = self
            .host_works()
            .flat_map(HostWork::all_links)
            .flat_map(|link| link.args.iter())
            .flat_map(Args::secrets)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The hosts that its steps work on, by position, in rising order; not this machine.
    pub fn worked_on(&self) -> Vec<usize> {
        let mut hosts: Vec<_> = self.host_works().flat_map(|work| work.hosts.iter().copied()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts.retain(|&host| !self.hosts[host].local);
        hosts
    }

    /// The hosts on which commands run on behalf of others and that no step works on, by position, in rising order.
    pub fn only_delegated_to(&self) -> Vec<usize> {
        let worked_on = self.worked_on();
        let delegates =
            |work: &HostWork| (0..work.hosts.len()).flat_map(|host| work.delegates(host)).collect::<Vec<_>>();
        let mut hosts: Vec<_> = self.host_works().flat_map(delegates).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts.retain(|host| worked_on.binary_search(host).is_err());
        hosts
    }

    fn host_works(&self) -> impl Iterator<Item = &HostWork> {
        self.steps.iter().filter(|step| step.left_out.is_none()).filter_map(PlanStep::host_work)
    }

    /// Whether commands become another user by sudo.
    pub fn uses_sudo(&self) -> bool {
        let links = self.steps.iter().filter(|step| step.left_out.is_none()).filter_map(PlanStep::host_work);
        links.flat_map(HostWork::all_links).any(|link| {
            link.sudo
                || link
                    .shell
                    .iter()
                    .any(|shell| shell.as_user.as_ref().is_some_and(|as_user| as_user.by == Switch::Sudo))
        })
    }

    /// How often each host is still needed, by position: once for each step on it, and once for each host of a step whose commands run
    /// on it. For closing connections that nobody needs any more.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.hosts.len()];
        for work in self.host_works() {
            for (position, &host) in work.hosts.iter().enumerate() {
                uses[host] += 1;
                for delegate in work.delegates(position) {
                    uses[delegate] += 1;
                }
            }
        }
        uses
    }

    /// What each host has to let us do, by position: `None` if it need not be reached, else the users that commands on it become.
    pub fn needs(&self) -> Vec<Option<BTreeSet<&str>>> {
        let mut needs = vec![None; self.hosts.len()];
        for work in self.steps.iter().filter(|step| step.left_out.is_none()).filter_map(PlanStep::host_work) {
            for (position, &own) in work.hosts.iter().enumerate() {
                for link in work.all_links() {
                    let host = link.delegate.as_ref().map_or(own, |delegate| **delegate.of(position));
                    let users: &mut BTreeSet<&str> = needs[host].get_or_insert_default();
                    let as_user = link.shell.of(position).as_user.as_ref().filter(|as_user| as_user.by == Switch::Sudo);
                    users.extend(as_user.map(|as_user| as_user.user.as_str()));
                }
            }
        }
        needs
    }
}

impl HostWork {
    /// Everything that is done on a host, in the order in which attempts number it.
    pub fn all_links(&self) -> impl Iterator<Item = &PlanLink> {
        self.links.iter().chain(&self.always)
    }

    /// The host on which the first link of one of its hosts runs, by position in the plan's hosts: itself, or the one that does it for it.
    pub fn first_host(&self, position: usize) -> usize {
        let delegate = self.all_links().next().and_then(|link| link.delegate.as_ref());
        delegate.map_or_else(|| self.hosts[position], |delegate| **delegate.of(position))
    }

    /// The hosts on which commands for one of its hosts run instead, each once, by position in the plan's hosts.
    pub fn delegates(&self, position: usize) -> Vec<usize> {
        let mut delegates: Vec<_> = self
            .all_links()
            .filter_map(|link| link.delegate.as_ref())
            .map(|delegate| **delegate.of(position))
            .collect();
        delegates.sort_unstable();
        delegates.dedup();
        delegates
    }
}

impl PlanStep {
    /// Its tasks on hosts, unless it is a person's.
    pub fn host_work(&self) -> Option<&HostWork> {
        match &self.work {
            Work::Hosts(work) => Some(work),
            Work::Manual { .. } => None,
        }
    }
}
