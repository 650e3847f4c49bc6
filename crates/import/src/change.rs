use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::scalar::{Context, inline};

/// One difference between the files as they are and as they would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// A step or a group is new.
    Added {
        /// The step's id, or the group's name.
        name: String,
    },
    /// A step or a group is gone.
    Removed {
        /// The step's id, or the group's name.
        name: String,
    },
    /// A step stands elsewhere.
    Moved {
        /// Its id.
        name: String,
        /// Its position before, from 1.
        from: usize,
        /// Its position now, from 1.
        to: usize,
    },
    /// A field is another.
    Changed {
        /// The step's id, or the group's name.
        name: String,
        /// The field; within a map after a dot.
        field: String,
        /// What it was.
        before: Option<Value>,
        /// What it is.
        after: Option<Value>,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            None => "nothing".to_owned(),
            Some(value) => runsheet_model::shortened(&inline(value, Context::Block), 60),
        };
        match self {
            Self::Added { name } => write!(f, "+ {name}"),
            Self::Removed { name } => write!(f, "- {name}"),
            Self::Moved { name, from, to } => write!(f, "> {name}: from {from} to {to}"),
            Self::Changed { name, field, before, after } => {
                write!(f, "~ {name}: {field}: {} → {}", shown(before), shown(after))
            }
        }
    }
}

/// How two sets of steps or groups differ, entry by entry and field by field.
pub(crate) fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, value) in after {
        match before.get(name) {
            None => changes.push(Change::Added { name: name.clone() }),
            Some(old) => fields(name, "", Some(old), Some(value), &mut changes),
        }
    }
    changes.extend(
        before.keys().filter(|name| !after.contains_key(*name)).map(|name| Change::Removed { name: name.clone() }),
    );
    changes
}

fn fields(name: &str, field: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (before, after) {
        for key in new.keys().chain(old.keys().filter(|key| !new.contains_key(*key))) {
            let field = if field.is_empty() { key.clone() } else { format!("{field}.{key}") };
            fields(name, &field, old.get(key), new.get(key), changes);
        }
        return;
    }
    changes.push(Change::Changed {
        name: name.to_owned(),
        field: field.to_owned(),
        before: before.cloned(),
        after: after.cloned(),
    });
}
