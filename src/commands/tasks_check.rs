use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use runsheet_diagnostics::{Hint, chain};
use runsheet_scripted::{Advice, advise};
use serde_json::json;
use walkdir::WalkDir;

use crate::args::Format;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::project::shown;
use crate::session::Session;

/// The largest Python file that is looked at, in bytes.
const LARGEST: u64 = 1 << 20;

/// Check the project's own tasks; of a task in Python, name what has to change
///
/// Every `.star` file of the folder of tasks is read and checked as it is before a run. Of each `.py` file there, or of those that are
/// named, the lines are told that Starlark does not have, and what to write instead.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Python files, instead of those in the folder of tasks
    files: Vec<PathBuf>,
}

pub(crate) fn exec(args: &CheckArgs, format: Format, session: &Session) -> Result<ExitStatus, CliError> {
    let (folder, _) = session.project.tasks(&session.environment);
    let python = if args.files.is_empty() {
        python_files(&folder)
    } else {
        args.files.iter().map(|file| session.environment.cwd.join(file)).collect()
    };
    let mut advice = Vec::new();
    for file in python {
        let text = read(&file)?;
        let here = shown(&file, &session.environment);
        advice.extend(advise(&text).into_iter().map(|line| (here.clone(), line)));
    }
    let mistakes = &session.scripts().mistakes;
    match format {
        Format::Json => session.printer.json(&json!({
            "tasks": session.scripts().len(),
            "mistakes": mistakes.iter().map(|(name, mistake)| json!({
                "task": name,
                "file": &*mistake.place.file,
                "line": mistake.place.line,
                "column": mistake.place.column,
                "message": mistake.message,
                "hint": mistake.hints().iter().next(),
            })).collect::<Vec<_>>(),
            "python": advice.iter().map(|(file, Advice { line, column, word, instead })| json!({
                "file": file, "line": line, "column": column, "word": word, "instead": instead,
            })).collect::<Vec<_>>(),
        }))?,
        Format::Human | Format::Plain => {
            for (_, mistake) in mistakes {
                session.printer.note(&chain(mistake));
            }
            let mut text = String::new();
            for (file, Advice { line, column, word, instead }) in &advice {
                text.push_str(&format!("{}:{line}:{column}: `{word}`: {instead}\n", file.display()));
            }
            session.printer.data(&text)?;
            session.printer.note(&format!(
                "{} checked, {} broken; {} of Python to change\n",
                runsheet_model::plural(session.scripts().len() + mistakes.len(), "task"),
                mistakes.len(),
                runsheet_model::plural(advice.len(), "line"),
            ));
        }
    }
    Ok(if mistakes.is_empty() && advice.is_empty() { ExitStatus::Success } else { ExitStatus::Usage })
}

/// The `.py` files below a folder, in the order of their paths.
fn python_files(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    entries
        .filter(|entry| entry.file_type().is_file() && entry.path().extension().is_some_and(|ending| ending == "py"))
        .map(walkdir::DirEntry::into_path)
        .collect()
}

fn read(file: &Path) -> Result<String, CliError> {
    let failed = |source| CliError::Read { path: file.to_owned(), source };
    if fs::metadata(file).map_err(failed)?.len() > LARGEST {
        return Err(CliError::usage(format!("`{}` is larger than 1 MiB", file.display()), "name a task"));
    }
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(failed)
}
