use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

/// What a template may speak of: a few names (`vars`, `host`) and what is behind each.
///
/// Cheap to clone: one context for all hosts takes in the shared names, and each host adds its own.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, Value>);

impl Context {
    /// An empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name, or puts another value behind it.
    pub fn with(mut self, name: impl Into<String>, value: &impl Serialize) -> Self {
        self.0.insert(name.into(), Value::from(Serde(value)));
        self
    }

    pub(crate) fn root(&self) -> Value {
        Value::from_pairs(self.0.iter().map(|(name, value)| (name.clone(), value.clone())))
    }

    /// Follows a dotted path as far as it goes. `Err` says which names stand where it ends.
    pub(crate) fn find(&self, path: &str) -> Result<(), Missing> {
        let mut here = self.root();
        let mut known = String::new();
        for name in path.split('.') {
            let next = here.get_attr(name).ok().filter(|value| !value.is_undefined());
            let Some(next) = next else {
                let names = here.try_iter().map(|names| names.map(|name| name.to_string()).collect());
                return Err(Missing { parent: known, name: name.to_owned(), names: names.unwrap_or_default() });
            };
            if !known.is_empty() {
                known.push('.');
            }
            known.push_str(name);
            here = next;
        }
        Ok(())
    }
}

/// A name that is not there.
pub(crate) struct Missing {
    /// The path that leads to it; empty at the top.
    pub(crate) parent: String,
    pub(crate) name: String,
    /// The names that are there.
    pub(crate) names: Vec<String>,
}
