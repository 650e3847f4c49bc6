use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use runsheet_diagnostics::{Hint, Hints, nearest};
use runsheet_model::{SecretName, StepId, TaskName, parse_duration};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{SeenFile, Sighting};

/// The arguments of a task, checked and in their one form: what [`crate::TaskSpec::check`] gives.
///
/// Its JSON is what stands in the plan and its hash. A secret stands there as its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Args(BTreeMap<String, Value>);

/// A file on this machine that a task will send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// Its path, absolute or relative to the working directory.
    pub path: PathBuf,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
}

impl LocalFile {
    /// The mode that it gets where nobody says another: the same whatever the umask was with which it was made here.
    pub fn mode(&self) -> u32 {
        mode(self.executable)
    }
}

fn mode(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

/// A file of this machine that a task sends, and what is known of it while planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileToSend {
    /// It was read: its content is part of the plan.
    Hashed(LocalFile),
    /// It was seen only: reading it would take as long as sending it.
    Seen(SeenFile),
}

impl FileToSend {
    /// Its size.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Hashed(file) => file.bytes,
            Self::Seen(file) => file.bytes,
        }
    }

    /// The mode that it gets where nobody says another.
    pub fn mode(&self) -> u32 {
        match self {
            Self::Hashed(LocalFile { executable, .. }) | Self::Seen(SeenFile { executable, .. }) => mode(*executable),
        }
    }
}

/// A file of this machine that a step of the sheet makes while it runs, and that is sent afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileToMake {
    /// How the step that makes it calls it.
    pub name: String,
    /// Its path, absolute or relative to the working directory.
    pub path: PathBuf,
    /// The step that makes it.
    pub step: StepId,
}

/// A folder on this machine whose files a task will send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFolder {
    /// Its path, absolute or relative to the working directory.
    pub path: PathBuf,
    /// Its files in the order of their names: name in the folder, with `/` between folders, and what it is.
    pub files: Vec<(String, LocalFile)>,
}

/// Looks up files of this machine while planning, so that their content is part of the plan.
pub trait LocalFiles: Send + Sync {
    /// Tells where a file lies by its path relative to the project's folder, whether it is there or not.
    fn place(&self, path: &str) -> PathBuf;

    /// Tells whether a step of the sheet makes this file before it is sent. Default: none does.
    fn to_be_made(&self, _path: &str) -> Option<FileToMake> {
        None
    }

    /// Finds a file by its path relative to the project's folder and hashes it.
    fn look_up(&self, path: &str) -> io::Result<LocalFile>;

    /// Finds one that is sent as it is seen, without being read before. Nothing, which is the default, if it is to be hashed.
    fn see(&self, _path: &str) -> io::Result<Option<SeenFile>> {
        Ok(None)
    }

    /// Reads a file of text, of at most 1 MiB.
    fn read_text(&self, path: &str) -> io::Result<String>;

    /// Finds a folder and hashes all files in it. Their names have no control characters and are UTF-8; links to files count as
    /// files; anything else but files and folders is an error.
    fn look_up_folder(&self, path: &str) -> io::Result<LocalFolder>;
}

/// What is wrong with an argument.
#[derive(Debug, Error)]
pub enum ArgError {
    /// The task has no such argument.
    #[error("task `{task}` has no argument `{name}`")]
    Unknown {
        /// The task.
        task: TaskName,
        /// The argument.
        name: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// It has to be given.
    #[error("task `{task}` needs the argument `{name}`")]
    Missing {
        /// The task.
        task: TaskName,
        /// The argument.
        name: Cow<'static, str>,
        /// What it is for.
        about: Cow<'static, str>,
    },
    /// It is of another kind.
    #[error("argument `{name}` of task `{task}` is {wanted}, not {found}")]
    Wrong {
        /// The task.
        task: TaskName,
        /// The argument.
        name: Cow<'static, str>,
        /// What may stand there.
        wanted: String,
        /// What stands there.
        found: String,
    },
    /// It names a file that cannot be read.
    #[error("argument `{name}` of task `{task}`: failed to read `{path}`")]
    File {
        /// The task.
        task: TaskName,
        /// The argument.
        name: Cow<'static, str>,
        /// The path, as it stands in the sheet.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl Hint for ArgError {
    fn hints(&self) -> Hints {
        match self {
            Self::Unknown { name, known, task } => {
                let near = nearest(name, known.iter().map(String::as_str));
                match (near, known.as_slice()) {
                    (Some(_), _) => Hints::did_you_mean(near),
                    (None, []) => Hints::from(format!("`{task}` takes no arguments")),
                    (None, known) => Hints::from(format!("`{task}` takes `{}`", known.join("`, `"))),
                }
            }
            Self::Missing { name, about, .. } => Hints::from(format!("`{name}`: {about}")),
            Self::Wrong { .. } => Hints::none(),
            Self::File { .. } => Hints::from("paths are relative to the project's folder"),
        }
    }
}

impl Args {
    pub(crate) fn insert(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// A value as it stands in the plan.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Text; also the word of a choice and a mode.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A boolean.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// A length of time.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        parse_duration(self.text(name)?).ok()
    }

    /// A list of texts.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.0.get(name)?.as_array()?.iter().map(Value::as_str).collect()
    }

    /// A file of this machine whose hash is known.
    pub fn local_file(&self, name: &str) -> Option<LocalFile> {
        file_from(self.0.get(name)?)
    }

    /// A file of this machine, whether its hash is known or not.
    pub fn file_to_send(&self, name: &str) -> Option<FileToSend> {
        let value = self.0.get(name)?;
        file_from(value).map(FileToSend::Hashed).or_else(|| seen_from(value).map(FileToSend::Seen))
    }

    /// A folder of this machine.
    pub fn local_folder(&self, name: &str) -> Option<LocalFolder> {
        let value = self.0.get(name)?;
        let path = PathBuf::from(value.get("path")?.as_str()?);
        let files = value.get("files")?.as_object()?.iter().map(|(name, file)| Some((name.clone(), file_from(file)?)));
        let files =
            files.map(|file| file.map(|(name, file)| (name.clone(), LocalFile { path: path.join(&name), ..file })));
        Some(LocalFolder { files: files.collect::<Option<_>>()?, path })
    }

    /// What a template came to.
    pub fn rendered(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.get("text")?.as_str()
    }

    /// The name of the secret that stands there instead of a value.
    pub fn secret(&self, name: &str) -> Option<SecretName> {
        Self::secret_name(self.0.get(name)?)
    }

    /// The names of all secrets that stand in these arguments.
    pub fn secrets(&self) -> impl Iterator<Item = SecretName> {
        self.0.values().filter_map(Self::secret_name)
    }

    /// The files in these arguments that a step makes first, by argument.
    pub fn to_be_made(&self) -> impl Iterator<Item = (&str, FileToMake)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), to_be_made(value)?)))
    }

    /// These arguments once files have been made: `find` tells what became of each.
    pub fn with_made<E>(&self, find: impl Fn(&FileToMake) -> Result<LocalFile, E>) -> Result<Self, E> {
        let mut made = self.clone();
        for (name, file) in self.to_be_made() {
            let file = LocalFile { path: file.path.clone(), ..find(&file)? };
            made.insert(name, file_value(&file));
        }
        Ok(made)
    }

    /// Reads `{secret: NAME}`.
    pub(crate) fn secret_name(value: &Value) -> Option<SecretName> {
        match value.as_object() {
            Some(map) if map.len() == 1 => SecretName::new(map.get("secret")?.as_str()?).ok(),
            _ => None,
        }
    }
}

/// A file as it stands in arguments.
pub(crate) fn file_value(file: &LocalFile) -> Value {
    let mut value = json!({"path": file.path, "sha256": file.sha256, "bytes": file.bytes});
    if file.executable {
        value["executable"] = true.into();
    }
    value
}

/// A file that is yet to be made, as it stands in arguments.
pub(crate) fn value_to_be_made(file: &FileToMake) -> Value {
    json!({"path": file.path, "made": file.name, "made_by": file.step})
}

fn to_be_made(value: &Value) -> Option<FileToMake> {
    Some(FileToMake {
        name: value.get("made")?.as_str()?.to_owned(),
        path: value.get("path")?.as_str()?.into(),
        step: StepId::new(value.get("made_by")?.as_str()?).ok()?,
    })
}

/// A folder as it stands in arguments: its files by name.
pub(crate) fn folder_value(folder: &LocalFolder) -> Value {
    let files: Map<String, Value> = folder
        .files
        .iter()
        .map(|(name, file)| {
            let mut value = file_value(file);
            // Its path is told by its name.
            value.as_object_mut().map(|value| value.remove("path"));
            (name.clone(), value)
        })
        .collect();
    json!({"path": folder.path, "files": files})
}

/// A file that was not read, as it stands in arguments.
pub(crate) fn seen_value(file: &SeenFile) -> Value {
    let mut value = json!({"path": file.path, "seen": file.sighting, "bytes": file.bytes});
    if file.executable {
        value["executable"] = true.into();
    }
    value
}

fn seen_from(value: &Value) -> Option<SeenFile> {
    Some(SeenFile {
        path: value.get("path")?.as_str()?.into(),
        bytes: value.get("bytes")?.as_u64()?,
        executable: value.get("executable").and_then(Value::as_bool).unwrap_or(false),
        sighting: Sighting::deserialize(value.get("seen")?).ok()?,
    })
}

fn file_from(value: &Value) -> Option<LocalFile> {
    Some(LocalFile {
        path: value.get("path").and_then(Value::as_str).unwrap_or_default().into(),
        sha256: value.get("sha256")?.as_str()?.to_owned(),
        bytes: value.get("bytes")?.as_u64()?,
        executable: value.get("executable").and_then(Value::as_bool).unwrap_or(false),
    })
}
