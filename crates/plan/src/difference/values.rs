use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::report::{changed, names, quoted, shown};

/// How many digits of a hash are told.
const DIGITS: usize = 12;

/// Tells how an argument differs; nothing where that makes no difference to what runs, as the place of a file.
pub(super) fn argument(name: &str, before: Option<&Value>, after: Option<&Value>) -> Option<String> {
    if before == after {
        return None;
    }
    if name == "as_user" {
        return Some(changed("whom its commands become", &becomes(before), &becomes(after)));
    }
    if let (Some(before), Some(after)) = (before, after) {
        if let (Some(one), Some(other)) = (text(before, "sha256"), text(after, "sha256")) {
            return file(before, after, one, other);
        }
        if let (Some(one), Some(other)) = (before.get("seen"), after.get("seen")) {
            return (one != other).then(|| format!("{} has changed since", quoted(&path(after))));
        }
        if let (Some(one), Some(other)) = (files(before), files(after)) {
            return folder(after, one, other);
        }
        if let (Some(one), Some(other)) = (text(before, "text"), text(after, "text")) {
            let what = format!("what {} comes to", quoted(&path(after)));
            return (one != other).then(|| lines(&what, one, other));
        }
        if let (Value::String(one), Value::String(other)) = (before, after) {
            return Some(lines(&quoted(name), one, other));
        }
    }
    Some(changed(&quoted(name), &told(before), &told(after)))
}

/// Whom commands become, and by which program.
fn becomes(as_user: Option<&Value>) -> String {
    let Some(as_user) = as_user.filter(|as_user| !as_user.is_null()) else { return "nobody".to_owned() };
    format!("{} by {}", quoted(text(as_user, "user").unwrap_or_default()), text(as_user, "by").unwrap_or("sudo"))
}

/// Tells where two texts differ: of several lines the first that does.
fn lines(what: &str, before: &str, after: &str) -> String {
    if !before.trim_end().contains('\n') && !after.trim_end().contains('\n') {
        return changed(what, &quoted(before), &quoted(after));
    }
    let (mut one, mut other) = (before.split('\n'), after.split('\n'));
    for number in 1.. {
        let (before, after) = (one.next(), other.next());
        if before != after || before.is_none() {
            let line = |line: Option<&str>| line.map_or_else(|| "nothing".to_owned(), quoted);
            return changed(&format!("line {number} of {what}"), &line(before), &line(after));
        }
    }
    String::new()
}

fn file(before: &Value, after: &Value, one: &str, other: &str) -> Option<String> {
    let name = quoted(&path(after));
    if one != other {
        let sha256 = |digits: &str| digits.chars().take(DIGITS).collect::<String>();
        let content = changed("sha256", &quoted(&sha256(one)), &quoted(&sha256(other)));
        return Some(format!("{name} has another content: {content}"));
    }
    let executable = |file: &Value| file.get("executable").and_then(Value::as_bool).unwrap_or(false);
    match (executable(before), executable(after)) {
        (false, true) => Some(format!("{name} may be executed now")),
        (true, false) => Some(format!("{name} may not be executed any more")),
        _ => None,
    }
}

fn folder(after: &Value, one: &Map<String, Value>, other: &Map<String, Value>) -> Option<String> {
    let all: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let (mut changed, mut gone, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for name in all {
        match (one.get(name), other.get(name)) {
            (Some(one), Some(other)) if one != other => changed.push(name.as_str()),
            (Some(_), None) => gone.push(name.as_str()),
            (None, Some(_)) => new.push(name.as_str()),
            _ => {}
        }
    }
    let kinds = [("has another content in", changed), ("no longer has", gone), ("also has", new)];
    let told: Vec<_> = kinds
        .into_iter()
        .filter(|(_, files)| !files.is_empty())
        .map(|(kind, files)| format!("{kind} {}", names(files)))
        .collect();
    (!told.is_empty()).then(|| format!("{} {}", quoted(&path(after)), told.join(", ")))
}

/// A value of an argument as people know it.
fn told(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    if let Some(secret) = text(value, "secret") {
        return format!("the secret {}", quoted(secret));
    }
    if let Some(user) = text(value, "user") {
        return quoted(user);
    }
    if let Some(step) = text(value, "made_by") {
        return format!("{}, which step {} makes", quoted(text(value, "made").unwrap_or("a file")), quoted(step));
    }
    if value.get("path").is_some() {
        return quoted(&path(value));
    }
    shown(Some(value))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn files(value: &Value) -> Option<&Map<String, Value>> {
    value.get("files")?.as_object()
}

/// The path of a file, of which the end tells more than the beginning.
fn path(value: &Value) -> String {
    const LONGEST: usize = 60;
    let path = text(value, "path").unwrap_or("a file");
    match path.char_indices().rev().nth(LONGEST) {
        Some((start, _)) => format!("…{}", &path[start..]),
        None => path.to_owned(),
    }
}
