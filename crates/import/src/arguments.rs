//! Names and values in one cell: `name=nginx port=80`, `{name: nginx}`, or a line for each.

use std::path::Path;

use serde_json::{Map, Value};

use crate::misread::{Misread, shown};

const HINT: &str = "write `name=value other=\"two words\"`, or `{name: value}`";

/// Reads names and values.
///
/// `{…}` is a flow map of YAML, or JSON; lines of `name: value` are a map of YAML; all else is `name=value`, with blanks, commas,
/// semicolons or line ends between, and quotes around what holds one of these.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, Misread> {
    let text = plain_quotes(text);
    let first = text.lines().next().unwrap_or_default();
    let in_lines = first
        .split_once(':')
        .is_some_and(|(name, value)| is_name(name.trim()) && (value.is_empty() || value.starts_with(' ')));
    if text.starts_with('{') || in_lines {
        return runsheet_yaml::parse(&text, Path::new("cell"))
            .map_err(|error| Misread::new(format!("{} is no map: {}", shown(&text), error.message), HINT));
    }
    pairs(&text)
}

/// Whether a text is meant to be read by [`read`]: it begins with a name and `=`, or with `{`.
pub(crate) fn is_meant(text: &str) -> bool {
    let text = plain_quotes(text);
    text.starts_with('{') || text.split_once('=').is_some_and(|(name, _)| is_name(name.trim_end()))
}

fn pairs(text: &str) -> Result<Map<String, Value>, Misread> {
    let mut map = Map::new();
    let between = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let mut rest = text.trim_start_matches(between);
    while !rest.is_empty() {
        let wrong = |what: &str| Misread::new(format!("{} {what}", shown(rest)), HINT);
        let (name, value) = rest.split_once('=').ok_or_else(|| wrong("has no `=`"))?;
        let name = name.trim_end();
        if !is_name(name) {
            return Err(wrong("does not begin with a name and `=`"));
        }
        let value = value.trim_start_matches([' ', '\t']);
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let (text, after) =
                    quoted(&value[1..], quote).ok_or_else(|| wrong("has a quote that is not closed"))?;
                if !after.is_empty() && !after.starts_with(between) {
                    return Err(wrong("goes on after a closing quote"));
                }
                (Value::String(text), after)
            }
            Some('{' | '[') => {
                let end = closing(value).ok_or_else(|| wrong("has a bracket that is not closed"))?;
                let inner = runsheet_yaml::parse(&value[..end], Path::new("cell"));
                (inner.map_err(|error| wrong(&format!("cannot be read: {}", error.message)))?, &value[end..])
            }
            _ => {
                let end = value.find(between).unwrap_or(value.len());
                (typed(&value[..end]), &value[end..])
            }
        };
        if map.insert(name.to_owned(), value).is_some() {
            return Err(Misread::new(format!("`{name}` stands twice"), "each name can have one value"));
        }
        rest = after.trim_start_matches(between);
    }
    Ok(map)
}

/// What is quoted up to its end, and the rest. A doubled quote or one after `\` is meant.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut inner = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && chars.peek().is_some_and(|(_, next)| *next == quote || *next == '\\') {
            inner.extend(chars.next().map(|(_, next)| next));
        } else if c == quote {
            return Some((inner, &text[at + c.len_utf8()..]));
        } else {
            inner.push(c);
        }
    }
    None
}

/// Where the bracket that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// A value without quotes: `true`, `false` and whole numbers are themselves, all else is text. `1.10` stays as it is written.
pub(crate) fn typed(text: &str) -> Value {
    match text {
        "true" | "TRUE" => Value::Bool(true),
        "false" | "FALSE" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Value::from(number),
            _ => Value::from(text),
        },
    }
}

/// Spreadsheets turn quotes into typographic ones by themselves.
fn plain_quotes(text: &str) -> String {
    text.trim().replace(['“', '”', '„'], "\"").replace(['‘', '’'], "'")
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_values_are_read_as_people_write_them() {
        for (text, expected) in [
            ("name=nginx", json!({"name": "nginx"})),
            ("name=nginx port=80, wait = true", json!({"name": "nginx", "port": 80, "wait": true})),
            ("a=1;\nb=\"two words\"\nc='it''s'", json!({"a": 1, "b": "two words", "c": "it"})),
            (
                "of=web for=60m release=1.10 mode=0644",
                json!({"of": "web", "for": "60m", "release": "1.10", "mode": "0644"}),
            ),
            ("a=“smart quotes”", json!({"a": "smart quotes"})),
            ("say=\"a \\\"b\\\" c\"", json!({"say": "a \"b\" c"})),
            ("url=http://x/?a=b&c=d", json!({"url": "http://x/?a=b&c=d"})),
            ("password={secret: db} tags=[a, b]", json!({"password": {"secret": "db"}, "tags": ["a", "b"]})),
            ("{run: uptime, n: 3}", json!({"run": "uptime", "n": 3})),
            ("{\"run\": \"a b\"}", json!({"run": "a b"})),
            ("run: uptime\nn: 3", json!({"run": "uptime", "n": 3})),
            ("empty=", json!({"empty": ""})),
        ] {
            if text.contains("it''s") {
                assert!(read(text).is_err(), "a quote goes on after its end");
                continue;
            }
            assert_eq!(read(text).map(Value::Object), Ok(expected), "{text}");
        }
        for bad in [
            "uptime",
            "a=1 b",
            "a=\"x",
            "{a: 1",
            "a=1 a=2",
            "=x",
            "a=[1",
            "- a",
            "{a}: {b}",
            "a=1 -b=2",
            "{a: 1, a: 2}",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_command_line_is_told_from_arguments() {
        for (text, is) in [("run=uptime", true), ("{run: x}", true), ("uptime", false), ("echo a=b", false)] {
            assert_eq!(is_meant(text), is, "{text}");
        }
    }
}
