use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A value for each host of a step, held once where all have the same.
///
/// What does not mention its host is shared: ten thousand hosts with the same arguments hold one copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerHost<T> {
    /// The same for all.
    Same(Arc<T>),
    /// One each, in the order of the step's hosts.
    Each(Vec<Arc<T>>),
}

impl<T> PerHost<T> {
    /// The value of the host at a position in the step's hosts.
    ///
    /// # Panics
    ///
    /// When the step has no host at that position.
    pub fn of(&self, position: usize) -> &Arc<T> {
        match self {
            Self::Same(value) => value,
            Self::Each(values) => &values[position],
        }
    }

    /// All different places where a value stands.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::Same(value) => std::slice::from_ref(value).iter(),
            Self::Each(values) => values.iter(),
        }
        .map(|value| &**value)
    }
}
