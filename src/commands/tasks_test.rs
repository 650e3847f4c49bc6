use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use runsheet_cases::{Case, play, play_dry};
use runsheet_model::plural;
use serde_json::json;

use crate::args::Format;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::project::shown;
use crate::session::Session;

/// Play the cases of the project's own tasks
///
/// A case is a file `cases/TASK/NAME.yaml` in the folder of tasks: arguments, what a scripted host answers, the commands that it has to get,
/// and the outcome. No host is reached. Each is played as a dry run, too, which must have no effect.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The tasks whose cases are played; all of them by default
    tasks: Vec<String>,
}

/// What came of a case.
struct Played {
    task: String,
    file: PathBuf,
    /// What was not as the case says; none if all was.
    mistakes: Vec<String>,
}

pub(crate) async fn exec(args: &TestArgs, format: Format, session: &Session) -> Result<ExitStatus, CliError> {
    let (folder, _) = session.project.tasks(&session.environment);
    let cases = cases(&folder.join("cases"))?;
    if let Some(task) = args.tasks.iter().find(|task| !cases.iter().any(|(known, _)| known == *task)) {
        return Err(CliError::usage(
            format!("the task `{task}` has no cases"),
            format!("write one: `{}/cases/{task}/NAME.yaml`", shown(&folder, &session.environment).display()),
        ));
    }
    let wanted = cases.into_iter().filter(|(task, _)| args.tasks.is_empty() || args.tasks.contains(task));
    let mut all = Vec::new();
    for (task, file) in wanted {
        let mistakes = mistakes(session, &task, &file).await;
        all.push(Played { task, file: shown(&file, &session.environment), mistakes });
    }
    let bad = all.iter().filter(|played| !played.mistakes.is_empty()).count();
    match format {
        Format::Json => session.printer.json(&json!({"cases": all.iter().map(|played| json!({
            "task": played.task,
            "file": played.file,
            "mistakes": played.mistakes,
        })).collect::<Vec<_>>()}))?,
        Format::Human | Format::Plain => {
            for played in &all {
                let ended = if played.mistakes.is_empty() { "ok" } else { "not as it says" };
                session.printer.data(&format!("{}: {ended}\n", played.file.display()))?;
                for mistake in &played.mistakes {
                    session.printer.data(&format!("    {}\n", mistake.replace('\n', "\n    ")))?;
                }
            }
            session.printer.note(&format!("{} played, {bad} not as they say\n", plural(all.len(), "case")));
        }
    }
    Ok(if bad == 0 { ExitStatus::Success } else { ExitStatus::Failed })
}

/// What is not as a case says. A case that cannot be played is not.
async fn mistakes(session: &Session, task: &str, file: &Path) -> Vec<String> {
    let played = async {
        let case = Case::load(file)?;
        let mut mistakes = play(session.registry(), task, &case).await?;
        let dry = play_dry(session.registry(), task, &case).await?;
        mistakes.extend(dry.into_iter().map(|mistake| format!("as a dry run: {mistake}")));
        Ok::<_, runsheet_cases::PlayError>(mistakes)
    };
    played.await.unwrap_or_else(|error| vec![error.to_string()])
}

/// The files of cases, with their tasks, in the order of their names.
fn cases(folder: &Path) -> Result<Vec<(String, PathBuf)>, CliError> {
    let mut cases = Vec::new();
    for task in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = task.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = entries(&task)?.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
        cases.extend(files.map(|file| (name.clone(), file)));
    }
    Ok(cases)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |source| CliError::Read { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort();
    Ok(entries)
}
