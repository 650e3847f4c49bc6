use std::collections::BTreeMap;
use std::sync::Arc;

use runsheet_diagnostics::{Hint, Hints, nearest};
use thiserror::Error;

use crate::Task;

/// All tasks by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Arc<dyn Task>>);

/// There is no such task.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no task `{name}`")]
pub struct UnknownTask {
    /// The name.
    pub name: String,
    /// The most similar one.
    pub nearest: Option<String>,
}

impl Hint for UnknownTask {
    fn hints(&self) -> Hints {
        match &self.nearest {
            Some(nearest) => Hints::did_you_mean(Some(nearest)),
            None => Hints::from("`runsheet tasks` lists them"),
        }
    }
}

impl Registry {
    /// Adds a task. One of the same name is replaced, and returned.
    pub fn add(&mut self, task: Arc<dyn Task>) -> Option<Arc<dyn Task>> {
        self.0.insert(task.spec().name().to_string(), task)
    }

    /// Finds a task.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn Task>, UnknownTask> {
        self.0.get(name).ok_or_else(|| UnknownTask {
            name: runsheet_model::visible(name.as_bytes()),
            nearest: nearest(name, self.0.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    /// All tasks, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Task>> {
        self.0.values()
    }
}
