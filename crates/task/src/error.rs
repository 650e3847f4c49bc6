use runsheet_model::{SecretName, TaskName};
use thiserror::Error;

use crate::{LocalError, RemoteError};

/// What kept a task from knowing how its work ended. Most often passed on with `?`.
#[derive(Debug, Error)]
pub enum TaskError {
    /// The host, or the way to it.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// This machine.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The task reads an argument that it has not declared, or not as this kind.
    #[error("task `{task}` asks for the argument `{name}`, which it has not declared so")]
    NoArgument {
        /// The task.
        task: TaskName,
        /// The argument.
        name: &'static str,
    },
    /// A secret has no value.
    #[error("secret `{name}` has no value")]
    NoSecret {
        /// Its name.
        name: SecretName,
    },
    /// The task says so.
    #[error("{message}")]
    Failed {
        /// In its own words.
        message: String,
    },
}

impl TaskError {
    /// A failure in the task's own words.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into() }
    }
}
