use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use runsheet_inventory::{Flags, Inventory, Reach, SshConfig, fold};
use runsheet_journal::StateFolder;
use runsheet_local::ProjectFiles;
use runsheet_locks::{LockFolder, Sharing};
use runsheet_model::{AgentForwarding, Endpoint, HostKeyMode, HostName};
use runsheet_plan::{Plan, Planning, StepChoice};
use runsheet_scripted::Scripts;
use runsheet_sheet::Sheet;
use runsheet_task::Registry;

use crate::args::{ConfigReader, GlobalArgs, HostKeyArg, NarrowArgs, ReachArgs, TargetArgs};
use crate::environment::Environment;
use crate::error::CliError;
use crate::openssh::AskOpenSsh;
use crate::printer::Printer;
use crate::project::{HostKeys, Project};
use crate::resuming::Resuming;
use crate::user_shell::UserShell;

/// How many programs of this machine are asked at once how hosts are reached.
const QUESTIONS_AT_ONCE: usize = 8;

/// All tasks.
struct Tasks {
    registry: Arc<Registry>,
    scripts: Scripts,
}

/// What most commands start from: the surroundings, the project, its hosts and all tasks.
pub(crate) struct Session {
    pub(crate) environment: Environment,
    pub(crate) project: Project,
    pub(crate) printer: Printer,
    pub(crate) inventory: Inventory,
    /// All tasks, once somebody asks for one: not every command does.
    tasks: OnceLock<Tasks>,
    pub(crate) global: GlobalArgs,
    /// The run that goes on, if it is not a new one.
    pub(crate) resuming: Option<Resuming>,
    /// Whether records of runs outlast the program.
    pub(crate) keeps_records: bool,
}

impl Session {
    /// Finds the project and loads its host groups.
    pub(crate) fn open(environment: Environment, global: GlobalArgs) -> Result<Self, CliError> {
        let printer = Printer::new(&global, &environment);
        let project = Project::find(&environment)?;
        let paths = if global.hostgroups.is_empty() {
            project.hostgroups(&environment).into_iter().collect()
        } else {
            global.hostgroups.clone()
        };
        let inventory = if paths.is_empty() { Inventory::empty() } else { Inventory::load(&paths)? };
        for warning in inventory.warnings() {
            printer.note(&format!("warning: {warning}\n"));
        }
        Ok(Self {
            environment,
            project,
            printer,
            inventory,
            tasks: OnceLock::new(),
            global,
            resuming: None,
            keeps_records: true,
        })
    }

    fn tasks(&self) -> &Tasks {
        self.tasks.get_or_init(|| {
            let built_in = Arc::new(runsheet_tasks::registry());
            let scripts = self.project.scripts(&self.environment, &built_in);
            let mut registry = (*built_in).clone();
            scripts.add_to(&mut registry);
            Tasks { registry: Arc::new(registry), scripts }
        })
    }

    /// All tasks, built in and the project's own.
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.tasks().registry
    }

    /// The tasks that the project itself has written.
    pub(crate) fn scripts(&self) -> &Scripts {
        &self.tasks().scripts
    }

    /// Whether the project knows no host.
    pub(crate) fn is_empty(&self) -> bool {
        self.inventory.host_names().next().is_none()
    }

    /// Where runs are kept.
    pub(crate) fn state(&self) -> Result<StateFolder, CliError> {
        Ok(StateFolder::open(&self.environment.state)?)
    }

    /// Where runs hold their locks.
    pub(crate) fn locks(&self) -> Result<LockFolder, CliError> {
        Ok(match &self.project.settings.locks.path {
            Some(path) => LockFolder::open(&self.environment.path(&self.project.root, path), Sharing::Shared)?,
            None => LockFolder::open(&self.environment.state.join("locks"), Sharing::Private)?,
        })
    }

    /// The project's files.
    pub(crate) fn files(&self) -> ProjectFiles {
        ProjectFiles::new(self.project.root.clone())
    }

    /// Plans a sheet.
    pub(crate) fn plan(
        &self,
        sheet: &Sheet,
        narrow: &NarrowArgs,
        choice: StepChoice,
        unlisted: bool,
    ) -> Result<Plan, CliError> {
        self.plan_with(&self.files(), sheet, narrow, choice, unlisted)
    }

    /// Plans a sheet against files that are looked up in a way of their own.
    pub(crate) fn plan_with(
        &self,
        files: &ProjectFiles,
        sheet: &Sheet,
        narrow: &NarrowArgs,
        choice: StepChoice,
        unlisted: bool,
    ) -> Result<Plan, CliError> {
        for warning in &sheet.warnings {
            self.printer.note(&format!("warning: {warning}\n"));
        }
        let secrets: BTreeSet<_> = self.project.secret_names().into_iter().collect();
        let planning = Planning {
            inventory: &self.inventory,
            registry: self.registry(),
            files,
            secrets: &secrets,
            read: &|path: &Path| fs::read_to_string(self.environment.cwd.join(path)),
            exclude: narrow.exclude.clone(),
            limit: narrow.limit.clone(),
            // Without any host group, names on the command line can only be meant as they are.
            unlisted: unlisted || self.is_empty(),
            local_programs: self.project.local_programs(),
            choice,
        };
        Ok(Plan::resolve(sheet, &planning)?)
    }

    /// How every host of a plan is reached, in its order.
    pub(crate) fn endpoints(&self, plan: &Plan, args: &ReachArgs) -> Result<Vec<Endpoint>, CliError> {
        let hosts: Vec<_> = plan.hosts.iter().filter(|host| !host.local).map(|host| &host.name).collect();
        let mut endpoints = self.endpoints_of(&hosts, args)?;
        self.warn_of_agents(&endpoints);
        for (position, host) in plan.hosts.iter().enumerate().filter(|(_, host)| host.local) {
            endpoints.insert(position, Endpoint::local(host.name.clone()));
        }
        Ok(endpoints)
    }

    /// How each of some hosts is reached, in their order.
    pub(crate) fn endpoints_of(&self, hosts: &[&HostName], args: &ReachArgs) -> Result<Vec<Endpoint>, CliError> {
        let reach = self.reach(args)?;
        self.ask_ahead(hosts, &reach);
        Ok(hosts.iter().map(|host| self.inventory.resolve(host, &reach)).collect::<Result<_, _>>()?)
    }

    /// Tells once that commands on some hosts do without the agent.
    fn warn_of_agents(&self, endpoints: &[Endpoint]) {
        let refused = |endpoint: &&Endpoint| endpoint.target.options.forward_agent == AgentForwarding::Refused;
        let names: Vec<_> = endpoints.iter().filter(refused).map(|endpoint| endpoint.host.as_str()).collect();
        if !names.is_empty() {
            self.printer.note(&format!(
                "warning: `ForwardAgent yes` is not honoured for {}: the agent is forwarded only to groups that runsheet.yaml names \
                 with `ssh: {{forward_agent: [GROUP]}}`\n",
                fold(names)
            ));
        }
    }

    /// What is known beside the inventory about how to reach hosts.
    pub(crate) fn reach(&self, args: &ReachArgs) -> Result<Reach, CliError> {
        let home = &self.environment.home;
        let ssh = &self.project.settings.ssh;
        let reader = args.ssh_config_reader.or(ssh.config_reader);
        let openssh = (reader == Some(ConfigReader::Openssh)).then(|| AskOpenSsh::new(args.ssh_config.clone()));
        let ssh_config = match &args.ssh_config {
            _ if openssh.is_some() => SshConfig::default(),
            Some(none) if none.as_os_str() == "none" => SshConfig::default(),
            Some(file) => SshConfig::load(std::slice::from_ref(file), home)?,
            None => SshConfig::of_user(home)?,
        };
        for warning in ssh_config.warnings() {
            self.printer.note(&format!("warning: {warning}\n"));
        }
        let flags = Flags {
            user: args.user.clone(),
            port: args.port,
            identities: args.identity.iter().map(|path| self.environment.cwd.join(path)).collect(),
            jump: args.jump.clone(),
            connect_timeout: args.connect_timeout,
            host_keys: args.host_keys.map(|mode| match mode {
                HostKeyArg::Strict => HostKeyMode::Strict,
                HostKeyArg::AcceptNew => HostKeyMode::AcceptNew,
            }),
        };
        Ok(Reach {
            flags,
            ssh_config: Arc::new(ssh_config),
            agent: self.environment.agent.clone(),
            host_keys: ssh.host_keys.map(|mode| match mode {
                HostKeys::Strict => HostKeyMode::Strict,
                HostKeys::AcceptNew => HostKeyMode::AcceptNew,
            }),
            forward_agent: ssh.forward_agent.iter().cloned().collect(),
            connect_timeout: self.project.connect_timeout(),
            user_id: self.environment.user_id,
            machine: self.environment.machine.clone(),
            environment: self.environment.variables.clone(),
            match_exec: ssh.allow_match_exec.then(|| Arc::new(UserShell::new(&self.environment)) as _),
            openssh: openssh.map(|openssh| Arc::new(openssh) as _),
            ..Reach::new(home.clone(), self.environment.user.clone())
        })
    }

    /// Where programs are asked how hosts are reached (`ssh -G`, `Match exec`), asks for many hosts at once. What they say is
    /// remembered, mistakes included.
    pub(crate) fn ask_ahead(&self, hosts: &[&HostName], reach: &Reach) {
        if reach.openssh.is_none() && reach.match_exec.is_none() {
            return;
        }
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..QUESTIONS_AT_ONCE.min(hosts.len()) {
                scope.spawn(|| {
                    while let Some(host) = hosts.get(next.fetch_add(1, Ordering::Relaxed)) {
                        // Whoever resolves it next is told the same.
                        let _ = self.inventory.resolve(host, reach);
                    }
                });
            }
        });
    }

    /// Loads a sheet by path or name and changes its variables.
    pub(crate) fn sheet(&self, name: &Path, set: &[String]) -> Result<Sheet, CliError> {
        let path: PathBuf = self.project.sheet(name, &self.environment)?;
        let mut sheet = Sheet::load(&path)?;
        for assignment in set {
            let Some((name, value)) = assignment.split_once('=') else {
                return Err(CliError::usage(format!("`--set {assignment}` has no `=`"), "write `--set name=value`"));
            };
            sheet.set(name.trim(), value)?;
        }
        Ok(sheet)
    }
}

impl TargetArgs {
    /// Whether the flags name no hosts.
    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.groups.is_empty()
    }

    /// The pattern that the flags make together.
    pub(crate) fn pattern(&self) -> Result<String, CliError> {
        let groups = self.groups.iter().map(|group| format!("@{group}"));
        let all: Vec<_> = self.hosts.iter().cloned().chain(groups).collect();
        if all.is_empty() {
            return Err(CliError::usage("no hosts are given", "say which with `-H PATTERN` or `-g GROUP`"));
        }
        Ok(all.join(","))
    }
}
