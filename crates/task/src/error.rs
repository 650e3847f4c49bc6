use runsheet_model::{SecretName, Switch, TaskName};
use thiserror::Error;

use crate::password_wanted::SUDO_PASSWORD;
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
    /// A command was to become another user, and that takes a password.
    #[error("{by} asked for a password to become `{user}`")]
    PasswordWanted {
        /// By which program.
        by: Switch,
        /// Whom.
        user: String,
    },
    /// In a dry run: this is what would be done next.
    #[error("would {what}")]
    Would {
        /// It, in words that follow `would`.
        what: String,
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

    /// What would help.
    pub fn hint(&self) -> Option<String> {
        let Self::PasswordWanted { by, user } = self else { return None };
        Some(match by {
            Switch::Sudo => SUDO_PASSWORD.to_owned(),
            Switch::Doas => {
                format!("let the login user become it without one: `permit nopass USER as {user}` in doas.conf")
            }
            Switch::Su => {
                "su becomes another without a password only for root: log in as root, or use `sudo` or `doas`"
                    .to_owned()
            }
        })
    }
}
