use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{RunId, Secret, SecretName, StepId, TaskName, Vars};

use crate::{Args, FileToSend, LocalFile, LocalFolder, TaskError};

/// What `do_work` is told beside its host: its arguments, the sheet's variables, and where in the run it stands.
#[derive(Clone)]
pub struct Config {
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: StepId,
    /// The task itself.
    pub task: TaskName,
    /// Which try, from 1.
    pub attempt: u32,
    /// The sheet's variables, after `--set`.
    pub vars: Arc<Vars>,
    /// The task's arguments.
    pub args: Arc<Args>,
    /// The secrets that the plan names.
    pub secrets: Secrets,
}

/// Secrets by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Secrets(Arc<BTreeMap<SecretName, Secret<String>>>);

impl Secrets {
    /// Takes secrets into care.
    pub fn new(secrets: BTreeMap<SecretName, Secret<String>>) -> Self {
        Self(Arc::new(secrets))
    }

    /// A secret by its name.
    pub fn get(&self, name: &SecretName) -> Option<&Secret<String>> {
        self.0.get(name)
    }

    /// All of them; for the mask.
    pub fn iter(&self) -> impl Iterator<Item = (&SecretName, &Secret<String>)> {
        self.0.iter()
    }
}

impl Config {
    /// An argument that is text, a word of a choice or a mode.
    pub fn text(&self, name: &'static str) -> Result<&str, TaskError> {
        self.args.text(name).ok_or_else(|| self.missing(name))
    }

    /// The same, if it may be left out.
    pub fn opt_text(&self, name: &'static str) -> Option<&str> {
        self.args.text(name)
    }

    /// An argument that is a whole number.
    pub fn integer(&self, name: &'static str) -> Result<i64, TaskError> {
        self.args.integer(name).ok_or_else(|| self.missing(name))
    }

    /// An argument that is a TCP port.
    pub fn port(&self, name: &'static str) -> Result<u16, TaskError> {
        self.integer(name)?.try_into().map_err(|_| self.missing(name))
    }

    /// An argument that is `true` or `false`.
    pub fn boolean(&self, name: &'static str) -> Result<bool, TaskError> {
        self.args.boolean(name).ok_or_else(|| self.missing(name))
    }

    /// An argument that is a length of time.
    pub fn duration(&self, name: &'static str) -> Result<Duration, TaskError> {
        self.args.duration(name).ok_or_else(|| self.missing(name))
    }

    /// An argument that is a list of texts.
    pub fn list(&self, name: &'static str) -> Result<Vec<&str>, TaskError> {
        self.args.list(name).ok_or_else(|| self.missing(name))
    }

    /// What an argument that is a template came to.
    pub fn rendered(&self, name: &'static str) -> Result<&str, TaskError> {
        self.args.rendered(name).ok_or_else(|| self.missing(name))
    }

    /// An argument that is a folder of this machine.
    pub fn local_folder(&self, name: &'static str) -> Result<LocalFolder, TaskError> {
        self.args.local_folder(name).ok_or_else(|| self.missing(name))
    }

    /// An argument that is a file of this machine, which may not have been read yet.
    pub fn file_to_send(&self, name: &'static str) -> Result<FileToSend, TaskError> {
        self.args.file_to_send(name).ok_or_else(|| self.missing(name))
    }

    /// An argument that is a file of this machine.
    pub fn local_file(&self, name: &'static str) -> Result<LocalFile, TaskError> {
        self.args.local_file(name).ok_or_else(|| self.missing(name))
    }

    /// An argument that is text or a secret; nothing if it was not given.
    pub fn secret_or_text(&self, name: &'static str) -> Result<Option<Secret<String>>, TaskError> {
        if let Some(secret) = self.args.secret(name) {
            return match self.secrets.get(&secret) {
                Some(value) => Ok(Some(value.clone())),
                None => Err(TaskError::NoSecret { name: secret }),
            };
        }
        Ok(self.args.text(name).map(|text| Secret::new(text.to_owned())))
    }

    fn missing(&self, name: &'static str) -> TaskError {
        TaskError::NoArgument { task: self.task.clone(), name }
    }
}
