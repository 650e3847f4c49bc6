use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use runsheet_diagnostics::Hint;
use runsheet_model::{Debt, Secret, Switch};
use runsheet_task::{
    ArgKind, Args, AsUser, Command as HostCommand, Config, Host, LocalFile, LocalFiles, LocalFolder, Outcome, Registry,
    RemoteError, TaskError, TaskSpec,
};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, sleep_until};

use crate::ask::{Answer, Ask, Command, NoAnswer, Piece, Show};

/// Does what a script asks for.
pub(crate) struct Answering<'a> {
    config: &'a Config,
    host: &'a Host,
    built_in: &'a Registry,
    /// Whether anything has changed the host, as far as is known.
    changed: &'a AtomicBool,
    /// What the tasks that it did have opened and closed.
    debts: Debts,
    why: Option<TaskError>,
}

/// What tasks have opened and closed on behalf of a script: it counts whether the script passes it on or not.
#[derive(Debug, Default)]
pub(crate) struct Debts {
    opens: Vec<Debt>,
    closes: Vec<Debt>,
}

impl Debts {
    fn add(&mut self, outcome: &Outcome) {
        for debt in &outcome.closes {
            // One that it has opened itself is nobody else's business.
            match self.opens.iter().position(|opened| opened == debt) {
                Some(own) => drop(self.opens.remove(own)),
                None => self.closes.push(debt.clone()),
            }
        }
        self.opens.extend(outcome.opens.iter().cloned());
    }

    /// The outcome with them.
    pub(crate) fn told_in(self, mut outcome: Outcome) -> Outcome {
        let missing = |debts: Vec<Debt>, told: &[Debt]| -> Vec<Debt> {
            debts.into_iter().filter(|debt| !told.contains(debt)).collect()
        };
        outcome.opens.extend(missing(self.opens, &outcome.opens));
        outcome.closes.extend(missing(self.closes, &outcome.closes));
        outcome
    }
}

impl<'a> Answering<'a> {
    pub(crate) fn new(config: &'a Config, host: &'a Host, built_in: &'a Registry, changed: &'a AtomicBool) -> Self {
        Self { config, host, built_in, changed, debts: Debts::default(), why: None }
    }

    /// What tasks have opened and closed.
    pub(crate) fn take_debts(&mut self) -> Debts {
        std::mem::take(&mut self.debts)
    }

    /// What has ended the work, if anything has.
    pub(crate) fn why(self) -> Option<TaskError> {
        self.why
    }

    pub(crate) async fn answer(&mut self, ask: Ask) -> Result<Answer, NoAnswer> {
        if self.why.is_some() {
            return Err(NoAnswer::Over);
        }
        let answered = match ask {
            Ask::Run(command) => self.run(command).await,
            Ask::Do { task, args } => match self.task(&task, args).await {
                Ok(answered) => answered,
                Err(mistake) => return Err(NoAnswer::Mistake(mistake)),
            },
            Ask::Sleep { time } => self.sleep(time).await,
            Ask::Note { note } => {
                self.host.note(note);
                Ok(Answer::Done)
            }
            Ask::Facts => self.facts().await,
        };
        answered.map_err(|why| {
            self.why = Some(why);
            NoAnswer::Over
        })
    }

    async fn run(&self, command: Command) -> Result<Answer, TaskError> {
        let mut run = HostCommand::shell(command.text.as_str());
        if let Some(user) = command.user {
            run = run.as_user(AsUser { user, by: Switch::Sudo });
        }
        if !command.stdin.is_empty() {
            run = run.stdin(self.stdin(command.stdin)?);
        }
        if command.show == Show::Quietly {
            return Ok(Answer::Command(self.host.run(run).await?));
        }
        let result = self.host.work(run).await?;
        self.changed.store(true, Ordering::Relaxed);
        Ok(Answer::Command(result))
    }

    fn stdin(&self, pieces: Vec<Piece>) -> Result<Secret<Vec<u8>>, TaskError> {
        let mut bytes = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Piece::Secret(name) => match self.config.secrets.get(&name) {
                    Some(value) => bytes.extend_from_slice(value.expose().as_bytes()),
                    None => return Err(TaskError::NoSecret { name }),
                },
            }
        }
        Ok(Secret::new(bytes))
    }

    /// Does a task; the outer error is a mistake in the script.
    async fn task(&mut self, name: &str, mut given: Map<String, Value>) -> Result<Result<Answer, TaskError>, String> {
        let task = self.built_in.get(name).map_err(|error| said(&error))?;
        let spec = task.spec();
        name_files(&mut given, spec);
        given.retain(|_, value| !value.is_null());
        let args = spec.check(&given, &FilesOfArgs(&self.config.args)).map_err(|error| said(&error))?;
        let config = Config { task: spec.name().clone(), args: Arc::new(args), ..self.config.clone() };
        Ok(task.do_work(&config, self.host).await.map(|outcome| {
            self.debts.add(&outcome);
            if outcome.changed {
                self.changed.store(true, Ordering::Relaxed);
            }
            Answer::Outcome(outcome)
        }))
    }

    async fn sleep(&self, time: Duration) -> Result<Answer, TaskError> {
        let end = Instant::now().checked_add(time);
        if end.is_none_or(|end| end > self.host.deadline()) {
            // It would not be woken up to do anything.
            tokio::select! {
                () = sleep_until(self.host.deadline()) => {}
                () = self.host.stopped().cancelled() => return Err(RemoteError::Stopped.into()),
            }
            return Err(RemoteError::TimedOut { limit: self.host.limit() }.into());
        }
        tokio::select! {
            () = sleep(time) => Ok(Answer::Done),
            () = self.host.stopped().cancelled() => Err(RemoteError::Stopped.into()),
        }
    }

    async fn facts(&self) -> Result<Answer, TaskError> {
        let facts = serde_json::to_value(self.host.facts().await?);
        facts.map(Answer::Facts).map_err(|error| TaskError::failed(error.to_string()))
    }
}

/// What an error says, with its causes and what would help, in one line.
fn said(error: &dyn Hint) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    match error.hints().iter().next() {
        Some(hint) => format!("{said}; {hint}"),
        None => said,
    }
}

/// Brings files that are arguments of the script, `config.args.NAME`, back to their paths, by which they are known.
fn name_files(given: &mut Map<String, Value>, spec: &TaskSpec) {
    let of_files = spec.args().iter().filter(|arg| matches!(arg.kind, ArgKind::LocalFile | ArgKind::LocalFolder));
    for arg in of_files {
        if let Some(value) = given.get_mut(arg.name.as_ref())
            && let Some(path) = value.get("path").and_then(Value::as_str)
        {
            *value = path.to_owned().into();
        }
    }
}

/// The files that a script may send: those that are its own arguments, as they were planned.
struct FilesOfArgs<'a>(&'a Args);

impl FilesOfArgs<'_> {
    fn find<T>(&self, path: &str, of: impl Fn(&Args, &str) -> Option<(PathBuf, T)>) -> io::Result<T> {
        let known = self.0.iter().filter_map(|(name, _)| of(self.0, name));
        let found = known.into_iter().find(|(known, _)| known.to_str() == Some(path));
        found.map(|(_, file)| file).ok_or_else(|| {
            io::Error::other("a script sends only what is an argument of it: `ARGS = {\"NAME\": arg.file(…)}`")
        })
    }
}

impl LocalFiles for FilesOfArgs<'_> {
    fn place(&self, path: &str) -> PathBuf {
        PathBuf::from(path)
    }

    fn look_up(&self, path: &str) -> io::Result<LocalFile> {
        self.find(path, |args, name| args.local_file(name).map(|file| (file.path.clone(), file)))
    }

    fn read_text(&self, _: &str) -> io::Result<String> {
        Err(io::Error::other("a template is rendered while planning: `ARGS = {\"NAME\": arg.template(…)}`"))
    }

    fn look_up_folder(&self, path: &str) -> io::Result<LocalFolder> {
        self.find(path, |args, name| args.local_folder(name).map(|folder| (folder.path.clone(), folder)))
    }
}
