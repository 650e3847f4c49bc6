use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{HostLocks, Share, StepId, TaskName, Vars, slug};
use serde_json::Value;

use crate::dependencies::dependencies;
use crate::read::{forks_in_range, read};
use crate::undo::undoing;
use crate::{After, AsUser, Chain, DEFAULT_TIMEOUT, FailurePolicy, Link, Rollout, SheetError, Step, Work};

/// A deploy sheet: an ordered list of steps and the variables that they speak of.
///
/// One that exists is sound: it has 1 to 10,000 steps, their ids are unique, and none waits for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// Its title; the file's name where it has none.
    pub name: String,
    /// Its variables. [`Sheet::set`] changes them.
    pub vars: Vars,
    /// Whether its hosts are locked on the hosts, too, and how.
    pub lock: Option<HostLocks>,
    /// Its rows, in their order.
    pub steps: Vec<Step>,
    /// The file it was read from.
    pub file: Option<PathBuf>,
    /// What its user should know about the file, one sentence each.
    pub warnings: Vec<String>,
}

impl Sheet {
    /// Reads a file; one that others may change is refused ([`runsheet_yaml::read_text`]).
    pub fn load(path: &Path) -> Result<Self, SheetError> {
        let text = runsheet_yaml::read_text(path)?;
        let sheet = Self::parse(&text.value, path)?;
        Ok(Self { file: Some(path.to_owned()), warnings: text.warnings, ..sheet })
    }

    /// Reads a text; `file` is named in errors.
    pub fn parse(text: &str, file: &Path) -> Result<Self, SheetError> {
        read(text, file)
    }

    /// Makes the sheet of one step, which runs one task on the hosts of a pattern.
    pub fn single(task: &str, args: BTreeMap<String, Value>, pattern: &str) -> Result<Self, SheetError> {
        let place = Place::file("command line");
        let name = |source| SheetError::Name { what: "this task name", place: place.clone(), source };
        let task = TaskName::new(task).map_err(name)?;
        let id = StepId::new(slug(task.as_str())).map_err(name)?;
        let title = task.to_string();
        let args = args.into_iter().map(|(key, value)| (key, Placed { value, place: place.clone() })).collect();
        let link = Link {
            task: Placed { value: task, place: place.clone() },
            args,
            timeout: None,
            as_user: None,
            idempotent: None,
            delegate: None,
            retries: None,
            receipt: false,
            reboots: false,
            even_if_lost: false,
        };
        let step = Step {
            id,
            name: title.clone(),
            place: None,
            work: Work::Chain(Chain { links: vec![link], always: Vec::new() }),
            hosts: Some(Placed { value: pattern.to_owned(), place }),
            local: false,
            after: After::RowAbove,
            enabled: true,
            when: None,
            owner: None,
            expect: None,
            notes: None,
            forks: None,
            timeout: DEFAULT_TIMEOUT,
            as_user: None,
            env: BTreeMap::new(),
            dir: None,
            pty: false,
            idempotent: None,
            rollout: Rollout::default(),
            policy: FailurePolicy::default(),
            retries: 0,
            delegate: None,
            makes: Vec::new(),
        };
        Ok(Self { name: title, vars: Vars::new(), lock: None, steps: vec![step], file: None, warnings: Vec::new() })
    }

    /// Sets how many hosts every step works on at once, 1 to 10,000.
    pub fn with_forks(mut self, forks: usize) -> Result<Self, SheetError> {
        let forks = forks_in_range(forks as u64, &self.whole())?;
        self.steps.iter_mut().for_each(|step| step.forks = Some(forks));
        Ok(self)
    }

    /// Sets how long one attempt of a link may take, in every step. Not 0.
    pub fn with_timeout(mut self, timeout: Duration) -> Result<Self, SheetError> {
        if timeout.is_zero() {
            return Err(SheetError::Zero { word: "timeout", place: self.whole() });
        }
        self.steps.iter_mut().for_each(|step| step.timeout = timeout);
        Ok(self)
    }

    /// Sets how many hosts of every step may fail, before nothing new starts.
    pub fn with_max_fail(mut self, max_fail: Share) -> Self {
        self.steps.iter_mut().for_each(|step| step.policy.max_fail = Some(max_fail));
        self
    }

    /// Sets as whom the commands of every step run.
    pub fn with_user(mut self, as_user: &AsUser) -> Self {
        self.steps.iter_mut().for_each(|step| step.as_user = Some(as_user.clone()));
        self
    }

    /// Gives the commands of every step a terminal.
    pub fn with_pty(mut self) -> Self {
        self.steps.iter_mut().for_each(|step| step.pty = true);
        self
    }

    /// For each step, the steps that must be over before it starts, as positions in [`Sheet::steps`], in rising order.
    ///
    /// Disabled steps appear in no list: whoever waits for one waits for what it would have waited for.
    pub fn dependencies(&self) -> Vec<Vec<usize>> {
        dependencies(&self.steps)
    }

    /// For each step, the position of the one that it undoes, if it does nothing else.
    pub fn undoing(&self) -> Vec<Option<usize>> {
        undoing(&self.steps)
    }

    fn whole(&self) -> Place {
        Place::file(self.file.clone().unwrap_or_else(|| "command line".into()))
    }
}
