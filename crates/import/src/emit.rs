//! A step and host groups as text, as a person would write them.

use serde_json::{Map, Value};

use crate::scalar::{Context, inline, text};

/// The longest line of a map or a list that stands in its flow form.
const LONGEST: usize = 100;

/// Writes one field of a step, `indent` blanks in.
pub(crate) fn field(word: &str, value: &Value, indent: usize) -> String {
    let blank = " ".repeat(indent);
    let word = text(word, Context::Block);
    match value {
        Value::String(lines) if as_block(lines) => {
            let lines: String = lines
                .lines()
                .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{blank}  {line}\n") })
                .collect();
            format!("{blank}{word}: |-\n{lines}")
        }
        Value::Object(map) if !map.is_empty() => {
            let short = inline(value, Context::Block);
            let deep = map.values().any(|value| matches!(value, Value::String(text) if text.contains('\n')));
            if !deep && indent + word.len() + short.len() + 2 <= LONGEST {
                return format!("{blank}{word}: {short}\n");
            }
            let entries: String = map.iter().map(|(key, value)| field(key, value, indent + 2)).collect();
            format!("{blank}{word}:\n{entries}")
        }
        Value::Array(items)
            if !items.is_empty() && indent + word.len() + inline(value, Context::Block).len() + 2 > LONGEST =>
        {
            let line = |item: &Value| format!("{blank}  - {}\n", inline(item, Context::Block));
            let items: String = items.iter().map(line).collect();
            format!("{blank}{word}:\n{items}")
        }
        _ => format!("{blank}{word}: {}\n", inline(value, Context::Block)),
    }
}

/// Whether a text of several lines can stand as a block.
fn as_block(lines: &str) -> bool {
    let clean = |line: &str| {
        !line.ends_with(' ')
            && line.chars().all(|c| !c.is_control())
            && text(line, Context::Block).chars().all(|c| c != '\\')
    };
    lines.contains('\n') && !lines.ends_with('\n') && !lines.starts_with([' ', '\n']) && lines.split('\n').all(clean)
}

/// Writes a step as an item of a list that stands two blanks in.
pub(crate) fn step(fields: &Map<String, Value>) -> String {
    let lines: String = fields.iter().map(|(word, value)| field(word, value, 4)).collect();
    format!("  - {}", lines.trim_start())
}

/// Writes a file of host groups.
pub(crate) fn groups(groups: &Map<String, Value>) -> String {
    let mut out = String::from("groups:\n");
    for (name, group) in groups {
        let Some(group) = group.as_object().filter(|group| !group.is_empty()) else {
            out.push_str(&format!("  {}: {{}}\n", text(name, Context::Block)));
            continue;
        };
        out.push_str(&format!("  {}:\n", text(name, Context::Block)));
        for (word, value) in group.iter().filter(|(word, _)| !matches!(word.as_str(), "hosts" | "groups")) {
            out.push_str(&field(word, value, 4));
        }
        if let Some(held) = group.get("groups").and_then(Value::as_object).filter(|held| !held.is_empty()) {
            out.push_str("    groups:\n");
            held.keys().for_each(|name| out.push_str(&format!("      - {}\n", text(name, Context::Block))));
        }
        if let Some(hosts) = group.get("hosts").and_then(Value::as_object).filter(|hosts| !hosts.is_empty()) {
            out.push_str("    hosts:\n");
            for (host, settings) in hosts {
                match settings.as_object().filter(|settings| !settings.is_empty()) {
                    None => out.push_str(&format!("      - {}\n", text(host, Context::Block))),
                    Some(_) => out.push_str(&format!(
                        "      - {}: {}\n",
                        text(host, Context::Block),
                        inline(settings, Context::Block)
                    )),
                }
            }
        }
    }
    out
}
