use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runsheet_local::{ProjectFiles, ThisMachine};
use runsheet_model::{HostName, Outcome, RunId, Secret, SecretName, StepId};
use runsheet_task::{
    ArgKind, Args, Config, Host, Limits, Local, LocalFiles, Notes, Registry, Remote, Secrets, ShellSettings, TaskError,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::play::PlayError;

/// Everything around a task that is none of its business: what the plan and the runner are in a run.
pub struct Stage {
    /// All tasks.
    pub registry: Arc<Registry>,
    /// The host, as far as it is reached.
    pub remote: Arc<dyn Remote>,
    /// The machine that runs runsheet.
    pub local: Arc<dyn Local>,
    /// The host's address.
    pub address: String,
    /// The secrets, by name.
    pub secrets: BTreeMap<String, String>,
    /// The project's folder.
    pub project: PathBuf,
    /// How long an attempt may take.
    pub limit: Duration,
    /// Whether the work is only looked at.
    pub dry_run: bool,
}

impl Stage {
    /// A host that is reached so, while this machine looks at it for real.
    pub fn on(registry: Arc<Registry>, remote: Arc<dyn Remote>) -> Self {
        Self {
            registry,
            remote,
            local: Arc::new(ThisMachine::new()),
            address: "127.0.0.1".to_owned(),
            secrets: BTreeMap::new(),
            project: PathBuf::from("."),
            limit: Duration::from_mins(1),
            dry_run: false,
        }
    }

    /// Plans a task and does its work.
    pub async fn run(&self, task: &str, args: Value) -> Result<Outcome, TaskError> {
        self.work(task, self.planned(task, args)).await
    }

    /// The same in a run that was there before.
    pub async fn run_in(&self, run: RunId, task: &str, args: Value) -> Result<Outcome, TaskError> {
        self.work_in(run, task, self.planned(task, args)).await
    }

    /// Arguments that are right.
    ///
    /// # Panics
    ///
    /// When they are not.
    fn planned(&self, task: &str, args: Value) -> Args {
        self.plan(task, args).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Checks arguments as the plan does.
    ///
    /// # Errors
    ///
    /// [`PlayError`], when there is no such task or it does not take them.
    pub fn plan(&self, task: &str, args: Value) -> Result<Args, PlayError> {
        let task = self.registry.get(task)?;
        let mut given: Map<String, Value> = serde_json::from_value(args).unwrap_or_default();
        let files = ProjectFiles::new(self.project.clone());
        // Templates are the plan's part. Here each comes to what stands in it.
        for arg in task.spec().args().iter().filter(|arg| arg.kind == ArgKind::Template) {
            if let Some(path) = given.get(arg.name.as_ref()).and_then(Value::as_str) {
                let text = files.read_text(path)?;
                given.insert(arg.name.to_string(), json!({"path": path, "text": text}));
            }
        }
        Ok(task.spec().check(&given, &files)?)
    }

    /// Does the work as the runner does.
    pub async fn work(&self, task: &str, args: Args) -> Result<Outcome, TaskError> {
        self.work_in(RunId::fresh(), task, args).await
    }

    /// The same in a run that has its id already.
    ///
    /// # Panics
    ///
    /// Never: the id of its step is one.
    pub async fn work_in(&self, run: RunId, task: &str, args: Args) -> Result<Outcome, TaskError> {
        let task = self.registry.get(task).map_err(|error| TaskError::failed(error.to_string()))?;
        let secrets = self
            .secrets
            .iter()
            .filter_map(|(name, value)| Some((SecretName::new(name).ok()?, Secret::new(value.clone()))))
            .collect();
        let config = Config {
            run,
            step: StepId::new("step").expect("it is an id"),
            task: task.spec().name().clone(),
            attempt: 1,
            vars: Arc::default(),
            args: Arc::new(args),
            secrets: Secrets::new(secrets),
        };
        task.do_work(&config, &self.host()).await
    }

    /// The host as a task is handed it.
    ///
    /// # Panics
    ///
    /// Never: its name is one.
    pub fn host(&self) -> Host {
        Host::new(
            (HostName::new("web1").expect("a host's name"), self.address.clone(), Arc::default()),
            (Arc::clone(&self.remote), Arc::clone(&self.local)),
            Arc::new(ShellSettings::default()),
            Limits { deadline: Instant::now() + self.limit, limit: self.limit, cancel: CancellationToken::new() },
            Arc::new(Unheard),
        )
        .with_dry_run(self.dry_run)
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

struct Unheard;

impl Notes for Unheard {
    fn note(&self, _: String) {}
}
