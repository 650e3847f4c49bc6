use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runsheet_local::{ProjectFiles, ThisMachine};
use runsheet_model::{HostName, Outcome, RunId, Secret, SecretName, StepId};
use runsheet_task::{
    ArgKind, Args, Config, Host, Limits, Local, LocalFiles, Notes, Remote, Secrets, ShellSettings, TaskError,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Everything around a task that is none of its business: what the plan and the runner are in a run.
pub(crate) struct Stage {
    pub(crate) remote: Arc<dyn Remote>,
    pub(crate) local: Arc<dyn Local>,
    pub(crate) address: String,
    pub(crate) secrets: BTreeMap<String, String>,
    /// The project's folder.
    pub(crate) project: PathBuf,
    /// How long an attempt may take.
    pub(crate) limit: Duration,
    /// Whether the work is only looked at.
    pub(crate) dry_run: bool,
}

impl Stage {
    /// A host that is reached so, while this machine looks at it for real.
    pub(crate) fn on(remote: Arc<dyn Remote>) -> Self {
        Self {
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
    pub(crate) async fn run(&self, task: &str, args: Value) -> Result<Outcome, TaskError> {
        self.work(task, self.plan(task, args)).await
    }

    /// The same in a run that was there before.
    pub(crate) async fn run_in(&self, run: RunId, task: &str, args: Value) -> Result<Outcome, TaskError> {
        self.work_in(run, task, self.plan(task, args)).await
    }

    /// Checks arguments as the plan does.
    pub(crate) fn plan(&self, task: &str, args: Value) -> Args {
        let registry = runsheet_tasks::registry();
        let task = registry.get(task).expect("the task exists");
        let mut given: Map<String, Value> = serde_json::from_value(args).expect("arguments are a map");
        let files = ProjectFiles::new(self.project.clone());
        // Templates are the plan's part. Here each comes to what stands in it.
        for arg in task.spec().args().iter().filter(|arg| arg.kind == ArgKind::Template) {
            if let Some(path) = given.get(arg.name.as_ref()).and_then(Value::as_str) {
                let text = files.read_text(path).expect("the template is there");
                given.insert(arg.name.to_string(), json!({"path": path, "text": text}));
            }
        }
        task.spec().check(&given, &files).expect("the arguments are right")
    }

    /// Does the work as the runner does.
    pub(crate) async fn work(&self, task: &str, args: Args) -> Result<Outcome, TaskError> {
        self.work_in(RunId::fresh(), task, args).await
    }

    /// The same in a run that has its id already.
    pub(crate) async fn work_in(&self, run: RunId, task: &str, args: Args) -> Result<Outcome, TaskError> {
        let registry = runsheet_tasks::registry();
        let task = registry.get(task).expect("the task exists");
        let secrets = self
            .secrets
            .iter()
            .map(|(name, value)| (SecretName::new(name).expect("a secret's name"), Secret::new(value.clone())))
            .collect();
        let config = Config {
            run,
            step: StepId::new("step").expect("a step's id"),
            task: task.spec().name().clone(),
            attempt: 1,
            vars: Arc::default(),
            args: Arc::new(args),
            secrets: Secrets::new(secrets),
        };
        task.do_work(&config, &self.host()).await
    }

    /// The host as a task is handed it.
    pub(crate) fn host(&self) -> Host {
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

pub(crate) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

struct Unheard;

impl Notes for Unheard {
    fn note(&self, _: String) {}
}
