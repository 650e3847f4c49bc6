use std::path::Path;

use runsheet_diagnostics::nearest;
use serde_json::{Map, Value};

use crate::{Sheet, SheetError};

impl Sheet {
    /// Gives a variable another value (`--set name=value`).
    ///
    /// Only a name that stands in `vars:` can be set; `a.b` reaches into the map `a`. Where the old value is a text, the new
    /// one is taken as it is; otherwise it is read as YAML and must be of the same kind (a number, a boolean, a list, a map).
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SheetError> {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        let unknown = |nearest: Option<String>| SheetError::UnknownVar { name: name.to_owned(), nearest };
        let Some(mut slot) = self.vars.get_mut(first) else {
            let known = self.vars.keys().map(String::as_str);
            return Err(unknown(nearest(first, known).map(str::to_owned)));
        };
        let mut path = first.to_owned();
        for part in rest.into_iter().flat_map(|rest| rest.split('.')) {
            let Value::Object(map) = slot else {
                return Err(unknown(None));
            };
            if !map.contains_key(part) {
                let near = nearest(part, map.keys().map(String::as_str)).map(|near| format!("{path}.{near}"));
                return Err(unknown(near));
            }
            slot = map.get_mut(part).ok_or_else(|| unknown(None))?;
            path = format!("{path}.{part}");
        }
        *slot = read_as(slot, name, value)?;
        Ok(())
    }
}

fn read_as(old: &Value, name: &str, value: &str) -> Result<Value, SheetError> {
    if old.is_string() {
        return Ok(Value::String(value.to_owned()));
    }
    let new: Value = runsheet_yaml::parse(value, Path::new("--set"))?;
    if old.is_null() || kind(old) == kind(&new) {
        return Ok(new);
    }
    Err(SheetError::OtherKind { name: name.to_owned(), kind: kind(old), value: value.to_owned() })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(Map { .. }) => "a map",
    }
}
