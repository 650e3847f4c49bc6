use std::collections::BTreeMap;
use std::sync::Arc;

use runsheet_diagnostics::{Hint, Hints, nearest};
use thiserror::Error;

use crate::Task;

/// All tasks by name.
#[derive(Clone, Default)]
pub struct Registry {
    tasks: BTreeMap<String, Arc<dyn Task>>,
    broken: BTreeMap<String, Broken>,
}

/// Why a task that somebody has written is not to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Broken {
    reason: String,
    hint: Option<String>,
}

/// There is no such task.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoTask {
    /// Nobody has written one of this name.
    #[error("there is no task `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// It cannot be used as it is.
    #[error("the task `{name}` is broken: {reason}")]
    Broken {
        /// The name.
        name: String,
        /// What is wrong, with its place.
        reason: String,
        /// What would help.
        hint: Option<String>,
    },
}

impl Hint for NoTask {
    fn hints(&self) -> Hints {
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => Hints::did_you_mean(Some(nearest)),
            Self::Unknown { nearest: None, .. } => Hints::from("`runsheet tasks` lists them"),
            Self::Broken { hint, .. } => hint.clone().map_or_else(Hints::none, Hints::from),
        }
    }
}

impl Registry {
    /// Adds a task. One of the same name is replaced, and returned.
    pub fn add(&mut self, task: Arc<dyn Task>) -> Option<Arc<dyn Task>> {
        self.tasks.insert(task.spec().name().to_string(), task)
    }

    /// Remembers why a task is not to be had, for those who ask for it.
    pub fn add_broken(&mut self, name: String, reason: String, hint: Option<String>) {
        self.broken.insert(name, Broken { reason, hint });
    }

    /// Finds a task.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn Task>, NoTask> {
        if let Some(task) = self.tasks.get(name) {
            return Ok(task);
        }
        let shown = runsheet_model::visible(name.as_bytes());
        Err(match self.broken.get(name) {
            Some(Broken { reason, hint }) => NoTask::Broken { name: shown, reason: reason.clone(), hint: hint.clone() },
            None => NoTask::Unknown {
                name: shown,
                nearest: nearest(name, self.tasks.keys().map(String::as_str)).map(str::to_owned),
            },
        })
    }

    /// All tasks, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Task>> {
        self.tasks.values()
    }
}
