use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use runsheet_local::{ProjectFiles, ThisMachine};
use runsheet_model::{HostName, Outcome, RunId, Secret, SecretName, StepId, Stream, Vars};
use runsheet_scripted::Scripts;
use runsheet_task::{
    Args, Config, Content, Download, ExecEnd, ExecRequest, Exit, Host, Limits, Notes, Output, Registry, Remote,
    RemoteError, Secrets, ShellSettings, TaskError, Transfer, Upload,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A project with scripts, and a host on which they work.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) remote: Arc<ShellRemote>,
    pub(crate) cancel: CancellationToken,
    pub(crate) limit: Duration,
    pub(crate) dry_run: bool,
    pub(crate) vars: Vars,
    pub(crate) notes: Arc<Heard>,
}

impl Stage {
    /// A project with these files, by their paths in it.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        Self {
            folder,
            remote: Arc::new(ShellRemote::default()),
            cancel: CancellationToken::new(),
            limit: Duration::from_secs(20),
            dry_run: false,
            vars: Vars::default(),
            notes: Arc::default(),
        }
    }

    /// A project whose only task, `t`, is this.
    pub(crate) fn of(script: &str) -> Self {
        Self::with(&[("tasks/t.star", script)])
    }

    /// Its scripts.
    pub(crate) fn scripts(&self) -> Scripts {
        let built_in = Arc::new(runsheet_tasks::registry());
        Scripts::load(&self.folder.path().join("tasks"), Path::new("tasks"), &built_in)
    }

    /// All tasks.
    pub(crate) fn registry(&self) -> Registry {
        let mut registry = runsheet_tasks::registry();
        self.scripts().add_to(&mut registry);
        registry
    }

    /// What is wrong with the only script, with what would help.
    pub(crate) fn mistake(&self) -> String {
        let error = self.registry().get("t").map(|_| ()).expect_err("the script is wrong");
        runsheet_diagnostics::chain(&error)
    }

    /// Plans a task as a sheet does.
    pub(crate) fn plan(&self, task: &str, args: Value) -> Result<Args, String> {
        let registry = self.registry();
        let given: Map<String, Value> = serde_json::from_value(args).expect("arguments are a map");
        let files = ProjectFiles::new(self.folder.path().to_owned());
        registry.get(task).expect("the task exists").spec().check(&given, &files).map_err(|error| error.to_string())
    }

    /// Runs the only script.
    pub(crate) async fn run(&self, args: Value) -> Result<Outcome, TaskError> {
        self.task("t", args).await
    }

    /// The same where it has to end with an outcome.
    pub(crate) async fn ends(&self, args: Value) -> Outcome {
        self.run(args).await.unwrap_or_else(|error| panic!("the task does not know: {error}"))
    }

    /// What is wrong with the only script, once it runs.
    pub(crate) async fn goes_wrong(&self, args: Value) -> String {
        let outcome = self.ends(args).await;
        assert_eq!(outcome.value, 1, "{outcome:?}");
        outcome.message
    }

    pub(crate) async fn task(&self, task: &str, args: Value) -> Result<Outcome, TaskError> {
        let registry = self.registry();
        let args = self.plan(task, args).expect("the arguments are right");
        let task = registry.get(task).expect("the task exists");
        let secret = (SecretName::new("password").expect("a name"), Secret::new("s3cret".to_owned()));
        let config = Config {
            run: RunId::fresh(),
            step: StepId::new("restart").expect("a step's id"),
            task: task.spec().name().clone(),
            attempt: 1,
            vars: Arc::new(self.vars.clone()),
            args: Arc::new(args),
            secrets: Secrets::new([secret].into()),
        };
        task.do_work(&config, &self.host()).await
    }

    pub(crate) fn host(&self) -> Host {
        let vars = Vars::from([("role".to_owned(), json!("leader")), ("ports".to_owned(), json!([80, 443]))]);
        Host::new(
            (HostName::new("web1").expect("a name"), "127.0.0.1".to_owned(), Arc::new(vars)),
            (Arc::clone(&self.remote) as _, Arc::new(ThisMachine::new())),
            Arc::new(ShellSettings::default()),
            Limits { deadline: Instant::now() + self.limit, limit: self.limit, cancel: self.cancel.clone() },
            Arc::clone(&self.notes) as _,
        )
        .with_dry_run(self.dry_run)
    }
}

/// The notes that were made.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<String>>);

impl Notes for Heard {
    fn note(&self, note: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

/// This machine as a host: commands run for real, by `/bin/sh`. It remembers them, and whether each was a question.
#[derive(Default)]
pub(crate) struct ShellRemote {
    ran: Mutex<Vec<(String, bool)>>,
    /// Breaks instead of running a command with this in it.
    pub(crate) breaks_at: Mutex<Option<String>>,
}

impl ShellRemote {
    /// The commands that came, without those that were questions.
    pub(crate) fn work(&self) -> Vec<String> {
        let ran = self.ran.lock().unwrap_or_else(PoisonError::into_inner);
        ran.iter().filter(|(_, quiet)| !quiet).map(|(command, _)| command.clone()).collect()
    }

    /// How many commands came.
    pub(crate) fn count(&self) -> usize {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[async_trait]
impl Remote for ShellRemote {
    async fn exec(&self, request: &ExecRequest, output: &mut dyn Output) -> Result<ExecEnd, RemoteError> {
        let command = request.command.clone();
        let breaks = self.breaks_at.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if breaks.is_some_and(|part| command.contains(&part)) {
            return Err(RemoteError::Lost { reason: runsheet_model::LostReason::ConnectionClosed });
        }
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).push((command.clone(), request.quiet));
        let mut child = Command::new("/bin/sh")
            .args(["-c", &command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a shell starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let bytes = request.stdin.as_ref().map(|bytes| bytes.expose().clone()).unwrap_or_default();
        _ = stdin.write_all(&bytes).await;
        drop(stdin);
        let ended = tokio::select! {
            ended = child.wait_with_output() => ended.expect("the output can be read"),
            () = request.limits.cancel.cancelled() => return Err(RemoteError::Stopped),
            () = tokio::time::sleep_until(request.limits.deadline) => {
                return Err(RemoteError::TimedOut { limit: request.limits.limit });
            }
        };
        output.chunk(Stream::Out, &ended.stdout);
        output.chunk(Stream::Err, &ended.stderr);
        let code = ended.status.code().and_then(|code| u32::try_from(code).ok()).expect("an exit code");
        Ok(ExecEnd { exit: Exit::Status(code), leaked: false })
    }

    async fn put(&self, upload: &Upload, _: &Limits) -> Result<Transfer, RemoteError> {
        let content = match &upload.content {
            Content::File(path) | Content::Seen(path, _) => fs::read(path).expect("the file is there"),
            Content::Bytes(bytes) => bytes.to_vec(),
        };
        fs::write(&upload.target, &content).expect("the target can be written");
        Ok(Transfer::of_file(content.len() as u64))
    }

    async fn get(&self, download: &Download, _: &Limits) -> Result<Transfer, RemoteError> {
        let bytes = fs::copy(&download.source, &download.target).expect("the file is there");
        Ok(Transfer::of_file(bytes))
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn close(&self) {}
}
