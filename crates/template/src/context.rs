use std::collections::BTreeMap;

use minijinja::Value;
use serde::Serialize;
use serde_json::Value as Json;

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
        let json = serde_json::to_value(value).unwrap_or_default();
        self.0.insert(name.into(), from_json(json));
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

/// The same value for templates.
///
/// By hand: a crate beside us has serde_json keep numbers as text (`arbitrary_precision`), and then they arrive in other formats as maps.
fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(truth) => Value::from(truth),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => Value::from(number),
            (None, Some(number), _) => Value::from(number),
            (None, None, Some(number)) => Value::from(number),
            (None, None, None) => Value::from(number.to_string()),
        },
        Json::String(text) => Value::from(text),
        Json::Array(items) => items.into_iter().map(from_json).collect(),
        Json::Object(map) => Value::from_pairs(map.into_iter().map(|(name, value)| (name, from_json(value)))),
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
