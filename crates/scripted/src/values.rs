//! Values of sheets and plans as values of scripts, and back.

use std::time::Duration;

use runsheet_model::{SecretName, parse_duration, shortened};
use serde_json::Value as Json;
use starlark::values::list::ListRef;
use starlark::values::structs::{AllocStruct, StructRef};
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, Value};

use crate::ask::Piece;
use crate::mistake::Mistake;

/// A value of a plan. Maps whose keys can be names are structs, so that `config.vars.release` reads as it does in a sheet.
pub(crate) fn to_value<'v>(heap: Heap<'v>, json: &Json) -> Value<'v> {
    match json {
        Json::Null => Value::new_none(),
        Json::Bool(truth) => Value::new_bool(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => heap.alloc(whole),
            (None, Some(float)) => heap.alloc(float),
            (None, None) => heap.alloc(number.to_string()),
        },
        Json::String(text) => heap.alloc(text.as_str()),
        Json::Array(items) => heap.alloc(items.iter().map(|item| to_value(heap, item)).collect::<Vec<_>>()),
        Json::Object(map) => to_struct(heap, map.iter().map(|(name, value)| (name.as_str(), value))),
    }
}

/// A map of a plan. What is no name in a script is reached by `getattr`.
pub(crate) fn to_struct<'v, 'a>(heap: Heap<'v>, fields: impl Iterator<Item = (&'a str, &'a Json)>) -> Value<'v> {
    let fields: Vec<_> = fields.map(|(name, value)| (name.to_owned(), to_value(heap, value))).collect();
    heap.alloc(AllocStruct(fields))
}

/// An argument as it stands in the plan, for a script: of a template what it came to.
pub(crate) fn of_argument(value: &Json) -> &Json {
    match value.get("text") {
        Some(text @ Json::String(_)) if value.get("path").is_some() => text,
        _ => value,
    }
}

/// A value of a script as it would stand in a sheet.
pub(crate) fn from_value(value: Value<'_>) -> starlark::Result<Json> {
    if value.is_none() {
        return Ok(Json::Null);
    }
    value.to_json_value().map_err(|_| wrong("an argument", "text, a number, a truth, or a list or map of them", value))
}

/// A length of time: a text such as `90s`, or a number of seconds.
pub(crate) fn duration(name: &str, value: Value<'_>) -> starlark::Result<Duration> {
    let seconds = value.unpack_i32().and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    let time = seconds.or_else(|| parse_duration(value.unpack_str()?).ok());
    time.ok_or_else(|| wrong(name, "a length of time such as `\"90s\"`, or a number of seconds", value))
}

/// What a command reads: a text, a secret, or a list of both.
pub(crate) fn stdin(value: Value<'_>) -> starlark::Result<Vec<Piece>> {
    match ListRef::from_value(value) {
        Some(list) => list.iter().map(piece).collect(),
        None if value.is_none() => Ok(Vec::new()),
        None => Ok(vec![piece(value)?]),
    }
}

fn piece(value: Value<'_>) -> starlark::Result<Piece> {
    if let Some(text) = value.unpack_str() {
        return Ok(Piece::Text(text.to_owned()));
    }
    let name = StructRef::from_value(value)
        .and_then(|fields| fields.iter().find(|(name, _)| name.as_str() == "secret"))
        .and_then(|(_, name)| SecretName::new(name.unpack_str()?).ok());
    name.map(Piece::Secret).ok_or_else(|| wrong("stdin", "a text, a secret, or a list of them", value))
}

/// How many characters or items a value has; 1 for what has none.
pub(crate) fn length(value: Value<'_>) -> usize {
    if let Some(text) = value.unpack_str() {
        return text.len();
    }
    let list = ListRef::from_value(value).map(|list| list.len());
    list.or_else(|| TupleRef::from_value(value).map(TupleRef::len)).unwrap_or(1)
}

pub(crate) fn wrong(name: &str, wanted: &'static str, found: Value<'_>) -> starlark::Error {
    Mistake::Wrong { name: name.to_owned(), wanted, found: shortened(&found.to_str(), 80) }.into()
}
