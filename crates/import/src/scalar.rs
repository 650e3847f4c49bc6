//! Single values of YAML, as a person writes them: without quotes wherever that means the same.

use serde_json::Value;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// On a line of its own.
    Block,
    /// Within `{…}` or `[…]`.
    Flow,
}

/// Writes a value on one line; lists and maps in their flow form.
pub(crate) fn inline(value: &Value, context: Context) -> String {
    match value {
        Value::String(text) => self::text(text, context),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| inline(item, Context::Flow)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", self::text(key, Context::Flow), inline(value, Context::Flow)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// Writes a text.
pub(crate) fn text(text: &str, context: Context) -> String {
    if is_plain(text, context) {
        text.to_owned()
    } else if text.contains(['"', '\\']) && !text.contains(|c: char| c.is_control() || is_odd(c)) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        quoted(text)
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_odd(c) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What some readers of YAML take for a line end, and what cannot be seen.
fn is_odd(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}

fn is_plain(text: &str, context: Context) -> bool {
    let first = text.chars().next();
    let starts_well =
        first.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '_' | '.' | '(' | '+') && text.len() > 1);
    let ends_well = !text.ends_with([' ', ':']);
    let inside = |c: char| {
        !c.is_control()
            && !is_odd(c)
            && !matches!(c, '{' | '}' | '"')
            && (context == Context::Block || !matches!(c, '[' | ']' | ','))
    };
    starts_well
        && ends_well
        && text.chars().all(inside)
        && !text.contains(": ")
        && !text.contains(" #")
        && !is_other(text)
}

/// Whether a text without quotes would be something else, here or for another reader of YAML.
fn is_other(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", ".inf", ".nan", "+.inf"];
    let number = text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '+') && {
        // `12m` and `10.0.0.1` are texts for everybody; what holds nothing but digits and signs may be a number, a time or a date.
        text.chars().all(|c| c.is_ascii_digit() || "._:-+eExXoOabcdefABCDEF".contains(c))
    };
    let address = text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok());
    words.contains(&lower.as_str()) || (number && !address)
}
