//! How work ends, as scripts see it and say it.

use runsheet_model::Debt;
use runsheet_task::{CommandResult, Outcome};
use starlark::values::list::ListRef;
use starlark::values::structs::{AllocStruct, StructRef};
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, Value};

use crate::values::wrong;

/// What `do_work` may give.
const WANTED: &str = "nothing, a message, `(message, value)`, `outcome(…)`, or what a command or a task gave";

/// All that is known of a command's end.
pub(crate) fn of_command<'v>(heap: Heap<'v>, result: &CommandResult) -> Value<'v> {
    let took_ms = i64::try_from(result.took.as_millis()).unwrap_or(i64::MAX);
    heap.alloc(AllocStruct([
        ("ok", Value::new_bool(result.ok())),
        ("code", heap.alloc(result.code())),
        ("text", heap.alloc(if result.ok() { result.text().to_owned() } else { result.complaint() })),
        ("stdout", heap.alloc(result.stdout.as_str())),
        ("stderr", heap.alloc(result.stderr.as_str())),
        ("took_ms", heap.alloc(took_ms)),
    ]))
}

/// How a task ended.
pub(crate) fn of_outcome<'v>(heap: Heap<'v>, outcome: &Outcome) -> Value<'v> {
    let debts = |debts: &[Debt]| heap.alloc(debts.iter().map(|debt| debt.0.clone()).collect::<Vec<_>>());
    heap.alloc(AllocStruct([
        ("ok", Value::new_bool(outcome.is_ok())),
        ("message", heap.alloc(outcome.message.as_str())),
        ("value", heap.alloc(outcome.value)),
        ("changed", Value::new_bool(outcome.changed)),
        ("opens", debts(&outcome.opens)),
        ("closes", debts(&outcome.closes)),
    ]))
}

/// Whether a value tells of something that went well.
pub(crate) fn is_good(value: Value<'_>) -> bool {
    match read(value, false) {
        Ok(outcome) if is_ending(value) => outcome.is_ok(),
        _ => value.to_bool(),
    }
}

/// Whether a value tells how something ended, and is not just any value.
fn is_ending(value: Value<'_>) -> bool {
    pair(value).is_some() || field(value, "code").is_some() || field(value, "message").is_some()
}

/// What `do_work` gave, as an outcome. `changed` is what is known of it where the script does not say.
pub(crate) fn read(value: Value<'_>, changed: bool) -> starlark::Result<Outcome> {
    if value.is_none() {
        return Ok(ended("Success".to_owned(), 0, changed));
    }
    if let Some(message) = value.unpack_str() {
        return Ok(ended(message.to_owned(), 0, changed));
    }
    if let Some((message, value)) = pair(value) {
        return Ok(ended(message, value, changed));
    }
    // What a command gave.
    if let Some((code, text)) = field(value, "code").zip(field(value, "text"))
        && let (Some(code), Some(text)) = (code.unpack_i32(), text.unpack_str())
    {
        return Ok(ended(if text.is_empty() { "Success" } else { text }.to_owned(), code, changed));
    }
    let Some((message, number)) = field(value, "message").zip(field(value, "value")) else {
        return Err(wrong("what `do_work` gives", WANTED, value));
    };
    let (Some(message), Some(number)) = (message.unpack_str(), number.unpack_i32()) else {
        return Err(wrong("what `do_work` gives", WANTED, value));
    };
    let said = field(value, "changed").and_then(Value::unpack_bool);
    let mut outcome = ended(message.to_owned(), number, said.unwrap_or(changed));
    for debt in texts(value, "opens")? {
        outcome = outcome.opens(debt);
    }
    for debt in texts(value, "closes")? {
        outcome = outcome.closes(debt);
    }
    Ok(outcome)
}

fn ended(message: String, value: i32, changed: bool) -> Outcome {
    match (value, changed) {
        (0, true) => Outcome::changed(message),
        (0, false) => Outcome::unchanged(message),
        (value, _) => Outcome::failed(message, value),
    }
}

/// `(message, value)`.
fn pair(value: Value<'_>) -> Option<(String, i32)> {
    match TupleRef::from_value(value)?.content() {
        [message, value] => Some((message.unpack_str()?.to_owned(), value.unpack_i32()?)),
        _ => None,
    }
}

fn field<'v>(value: Value<'v>, name: &str) -> Option<Value<'v>> {
    StructRef::from_value(value)?.iter().find(|(field, _)| field.as_str() == name).map(|(_, value)| value)
}

fn texts(value: Value<'_>, name: &str) -> starlark::Result<Vec<String>> {
    let Some(list) = field(value, name) else { return Ok(Vec::new()) };
    let items = ListRef::from_value(list).ok_or_else(|| wrong(name, "a list of texts", list))?;
    let text =
        |item: Value<'_>| item.unpack_str().map(str::to_owned).ok_or_else(|| wrong(name, "a list of texts", list));
    items.iter().map(text).collect()
}
