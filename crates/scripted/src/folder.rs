use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use runsheet_diagnostics::Hint;
use runsheet_model::TaskName;
use runsheet_task::{Registry, Task};
use walkdir::WalkDir;

use crate::error::ScriptError;
use crate::library::Library;
use crate::task::ScriptTask;

/// The most files that are looked at in a folder of tasks.
const MOST_FILES: usize = 10_000;

/// The scripts of a project's folder of tasks.
#[derive(Default)]
pub struct Scripts {
    good: Vec<Arc<ScriptTask>>,
    /// What is wrong, by the names of the tasks that are not to be had for it.
    pub mistakes: Vec<(String, ScriptError)>,
    /// How many files hold no task and are there to be loaded.
    pub helpers: usize,
}

impl Scripts {
    /// Reads and checks every `*.star` file below a folder, which is shown to users as `shown`. Other files are passed over, and so are
    /// those whose names begin with a dot. A folder that is not there has no scripts.
    ///
    /// The tasks of `built_in` can be done from a script, and their names are taken.
    pub fn load(folder: &Path, shown: &Path, built_in: &Arc<Registry>) -> Self {
        let mut scripts = Self::default();
        if !folder.is_dir() {
            return scripts;
        }
        let mut by_name: BTreeMap<String, PathBuf> = BTreeMap::new();
        let files = match star_files(folder, shown) {
            Ok(files) => files,
            Err(error) => {
                scripts.mistakes.push((String::new(), error));
                return scripts;
            }
        };
        let mut library = Library::new(folder, shown);
        for file in files {
            let here = shown.join(&file);
            let name = match task_name(&file, &here) {
                Ok(name) => name,
                Err(error) => {
                    scripts.mistakes.push((file.display().to_string(), error));
                    continue;
                }
            };
            match library.task(&file, &name) {
                Ok(None) => scripts.helpers += 1,
                Ok(Some(script)) => {
                    if let Some(other) = by_name.insert(name.to_string(), here.clone()) {
                        let message = format!("the task `{name}` is `{}` already", other.display());
                        let error = ScriptError::of_file(&here, message).with_hint("give one of them another name");
                        scripts.good.retain(|task| *task.spec().name() != name);
                        scripts.mistakes.push((name.to_string(), error));
                    } else if built_in.get(name.as_str()).is_ok() {
                        let message = format!("the task `{name}` is built in");
                        let hint =
                            "give the file another name; its `do_work` may still call `host.task` for what is built in";
                        scripts.mistakes.push((name.to_string(), ScriptError::of_file(&here, message).with_hint(hint)));
                    } else {
                        scripts.good.push(Arc::new(ScriptTask::new(script, Arc::clone(built_in))));
                    }
                }
                Err(error) => scripts.mistakes.push((name.to_string(), error)),
            }
        }
        scripts
    }

    /// Adds the tasks to a registry, and why others are not to be had.
    pub fn add_to(&self, registry: &mut Registry) {
        for task in &self.good {
            registry.add(Arc::clone(task) as _);
        }
        for (name, error) in &self.mistakes {
            let hint = error.hints();
            registry.add_broken(name.clone(), error.to_string(), hint.iter().next().map(str::to_owned));
        }
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.good.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.good.is_empty()
    }
}

/// The `*.star` files below a folder, relative to it, in the order of their paths.
fn star_files(folder: &Path, shown: &Path) -> Result<Vec<PathBuf>, ScriptError> {
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    let mut files = Vec::new();
    for (count, entry) in walk.filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name())).enumerate() {
        if count >= MOST_FILES {
            return Err(ScriptError::of_file(shown, format!("more than {MOST_FILES} files")));
        }
        let entry = entry.map_err(|error| ScriptError::of_file(shown, error.to_string()))?;
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "star") && !entry.file_type().is_dir() {
            files.push(path.strip_prefix(folder).unwrap_or(path).to_owned());
        }
    }
    Ok(files)
}

/// `web/restart.star` is `web.restart`.
fn task_name(file: &Path, shown: &Path) -> Result<TaskName, ScriptError> {
    let words: Option<Vec<_>> = file
        .with_extension("")
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str().map(str::to_owned),
            _ => None,
        })
        .collect();
    words.and_then(|words| TaskName::new(words.join(".")).ok()).ok_or_else(|| {
        ScriptError::of_file(shown, "the path makes no name of a task").with_hint("letters, digits, `-` and `_`")
    })
}
