use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{Outcome, RunId};
use runsheet_task::{ArgError, Args, NoTask, Registry, TaskError};
use runsheet_yaml::YamlError;
use serde_json::Value;
use tempfile::TempDir;
use thiserror::Error;

use crate::case::{Case, ExpectedOutcome};
use crate::scripted::{ScriptedLocal, ScriptedRemote};
use crate::stage::Stage;

/// The run of every case, as far as a task tells a host of it.
const RUN: &str = "0199aaaa-0000-7000-8000-00000000cafe";

/// Why a case cannot be played.
#[derive(Debug, Error)]
pub enum PlayError {
    /// The case itself is wrong.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// There is no such task.
    #[error(transparent)]
    Task(#[from] NoTask),
    /// The task does not take its arguments.
    #[error(transparent)]
    Args(#[from] ArgError),
    /// Its project cannot be laid out.
    #[error("failed to lay out the project of the case")]
    Project(#[from] io::Error),
}

impl Case {
    /// Reads a case.
    pub fn load(path: &Path) -> Result<Self, PlayError> {
        Ok(runsheet_yaml::load(path)?)
    }
}

/// A case on its stage: the task is planned, and everything is as it is when its work begins.
struct Set {
    stage: Stage,
    remote: Arc<ScriptedRemote>,
    local: Arc<ScriptedLocal>,
    planned: Args,
    project: TempDir,
}

impl Set {
    fn up(registry: &Arc<Registry>, task: &str, case: &Case, dry_run: bool) -> Result<Self, PlayError> {
        let project = tempfile::tempdir()?;
        lay_out(project.path(), &case.files)?;
        let remote = Arc::new(ScriptedRemote::new(case.commands.clone(), case.on_host.clone()));
        let local = Arc::new(ScriptedLocal::new(case.here.clone()));
        let stage = Stage {
            registry: Arc::clone(registry),
            remote: Arc::clone(&remote) as _,
            local: Arc::clone(&local) as _,
            address: "192.0.2.7".to_owned(),
            secrets: case.secrets.clone(),
            project: project.path().to_owned(),
            limit: Duration::from_secs(case.limit_s),
            dry_run,
        };
        let args = Value::Object(case.args.clone()).to_string();
        let args = args.replace("PROJECT", &project.path().to_string_lossy());
        let planned = stage.plan(task, serde_json::from_str(&args).map_err(io::Error::from)?)?;
        lay_out(project.path(), &case.files_later)?;
        Ok(Self { stage, remote, local, planned, project })
    }

    async fn work(&self, task: &str) -> Result<Outcome, TaskError> {
        let run: RunId = RUN.parse().expect("the id of a run");
        self.stage.work_in(run, task, self.planned.clone()).await
    }
}

fn lay_out<'a>(project: &Path, files: impl IntoIterator<Item = (&'a String, &'a String)>) -> io::Result<()> {
    for (name, content) in files {
        let path = project.join(name);
        fs::create_dir_all(path.parent().unwrap_or(project))?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// Plays a case as a dry run; returns everything that a dry run should not do. It asks what the work asks until there would be an
/// effect, which it tells in words of its own, and has none.
pub async fn play_dry(registry: &Arc<Registry>, task: &str, case: &Case) -> Result<Vec<String>, PlayError> {
    let set = Set::up(registry, task, case, true)?;
    let result = set.work(task).await;
    let (arrived, mut mistakes) = set.remote.review_beginning();
    mistakes.extend(set.local.mistakes());
    if arrived {
        mistakes.push("a file arrived".to_owned());
    }
    match &result {
        Err(TaskError::Would { what }) if what.contains("/bin/sh -c") => {
            mistakes.push(format!("a script is no word for people: would {what}"));
        }
        Ok(outcome) if outcome.changed => mistakes.push(format!("it says that it has changed something: {outcome:?}")),
        Ok(_) | Err(_) => {}
    }
    Ok(mistakes)
}

/// Plays a case; returns everything that was not as it says.
pub async fn play(registry: &Arc<Registry>, task: &str, case: &Case) -> Result<Vec<String>, PlayError> {
    let set = Set::up(registry, task, case, false)?;
    let result = set.work(task).await;
    let (arrived, mut mistakes) = set.remote.review();
    mistakes.extend(set.local.mistakes());
    if arrived != case.sent {
        mistakes.push(format!("other files arrived: {arrived:?}"));
    }
    for (path, content) in &case.fetched {
        match fs::read_to_string(set.project.path().join(path)) {
            Ok(found) if found == *content => {}
            other => mistakes.push(format!("`{path}` was not fetched: {other:?}")),
        }
    }
    for left in set.local.left() {
        mistakes.push(format!("this was never looked at: {left:?}"));
    }
    let as_expected = match (&result, &case.outcome, &case.error) {
        (Ok(outcome), Some(expected), None) => expected.fits(outcome),
        (Err(error), None, Some(part)) => error.to_string().contains(part.as_str()),
        _ => false,
    };
    if !as_expected {
        mistakes.push(match &result {
            Ok(outcome) => format!("it ended otherwise: {outcome:?}"),
            Err(error) => format!("it ended otherwise, with an error: {error}"),
        });
    }
    Ok(mistakes)
}

impl ExpectedOutcome {
    fn fits(&self, outcome: &Outcome) -> bool {
        outcome.message.contains(&self.message)
            && outcome.value == self.value
            && outcome.changed == self.changed
            && outcome.opens.iter().map(|debt| &debt.0).eq(&self.opens)
            && outcome.closes.iter().map(|debt| &debt.0).eq(&self.closes)
    }
}
