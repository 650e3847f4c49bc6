//! Files that are there: what they say, and their text, so that what does not change keeps it.

use std::path::Path;

use runsheet_model::slug;
use runsheet_yaml::{Entries, Mark};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ImportError;

/// A sheet in pieces of text.
#[derive(Debug, Default)]
pub(crate) struct SheetText {
    /// Its title.
    pub(crate) name: Option<Value>,
    /// What stands before the first step.
    pub(crate) head: String,
    /// Its steps.
    pub(crate) steps: Vec<StepText>,
    /// What stands behind the last.
    pub(crate) tail: String,
    /// How far in its steps stand.
    pub(crate) indent: usize,
}

/// A step and its text.
#[derive(Debug)]
pub(crate) struct StepText {
    pub(crate) id: String,
    /// What it says, without its id.
    pub(crate) fields: Map<String, Value>,
    /// Comments and empty lines above it.
    pub(crate) above: String,
    /// Its own lines.
    pub(crate) text: String,
}

#[derive(Deserialize)]
struct RawSheet {
    name: Option<Value>,
    steps: Vec<Entries<Value>>,
}

impl SheetText {
    /// Takes a text apart.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, ImportError> {
        let raw: RawSheet = runsheet_yaml::parse(text, file)?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut sheet = Self { name: raw.name, indent: 2, ..Self::default() };
        let mut starts = Vec::new();
        for step in &raw.steps {
            let mark = step.0.first().map(|(key, _)| Mark::of(key)).unwrap_or_default();
            let line = usize::try_from(mark.line).unwrap_or_default().saturating_sub(1);
            let indent = lines.get(line).map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
            let is_item = lines.get(line).is_some_and(|line| line.trim_start_matches(' ').starts_with("- "));
            if !is_item || starts.last().is_some_and(|(last, _)| *last >= line) {
                let message = "its steps must each begin on a line of their own with `- ` to be imported into";
                return Err(runsheet_yaml::YamlError::at(file, mark, message).into());
            }
            starts.push((line, indent));
        }
        let Some(&(first, indent)) = starts.first() else { return Ok(sheet) };
        sheet.indent = indent;
        let is_aside = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        let above = |start: usize, from: usize| {
            (from..start).rev().take_while(|at| is_aside(lines[*at])).last().unwrap_or(start)
        };
        let last = starts.last().map_or(first, |(line, _)| *line);
        let end = (last + 1..lines.len())
            .find(|at| !is_aside(lines[*at]) && lines[*at].len() - lines[*at].trim_start_matches(' ').len() <= indent);
        let end = end.map_or(lines.len(), |end| above(end, last + 1));
        sheet.head = lines[..above(first, 0)].concat();
        sheet.tail = lines[end..].concat();
        let mut from = above(first, 0);
        for (index, step) in raw.steps.into_iter().enumerate() {
            let start = starts[index].0;
            let next = starts.get(index + 1).map_or(end, |(next, _)| above(*next, start + 1));
            let mut fields: Map<String, Value> = step.into_iter().map(|(key, value)| (key.value, value)).collect();
            let written = fields.shift_remove("id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
            let id = written.unwrap_or_else(|| slug(fields.get("name").and_then(Value::as_str).unwrap_or_default()));
            let mut own = lines[start..next].concat();
            if !own.ends_with('\n') {
                own.push('\n');
            }
            sheet.steps.push(StepText { id, fields, above: lines[from..start].concat(), text: own });
            from = next;
        }
        Ok(sheet)
    }
}

#[derive(Deserialize)]
struct RawGroups {
    groups: Option<Map<String, Value>>,
}

/// The groups of a file, with hosts and held groups as maps.
pub(crate) fn groups(text: &str, file: &Path) -> Result<Map<String, Value>, ImportError> {
    let raw: RawGroups = runsheet_yaml::parse(text, file)?;
    let mut groups = raw.groups.unwrap_or_default();
    for group in groups.values_mut() {
        if group.is_null() {
            *group = Value::Object(Map::new());
        }
        let Some(group) = group.as_object_mut() else { continue };
        for word in ["hosts", "groups"] {
            let Some(Value::Array(items)) = group.get(word).cloned() else { continue };
            let mut map = Map::new();
            for item in items {
                match item {
                    Value::String(name) if word == "groups" => _ = map.insert(name, Value::Bool(true)),
                    Value::String(name) => _ = map.insert(name, Value::Object(Map::new())),
                    Value::Object(with) => map.extend(with),
                    other => _ = map.insert(other.to_string(), Value::Object(Map::new())),
                }
            }
            group.insert(word.to_owned(), Value::Object(map));
        }
    }
    Ok(groups)
}
