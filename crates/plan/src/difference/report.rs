use runsheet_inventory::fold;
use runsheet_model::{plural, visible};
use serde_json::Value;

/// The most lines; how many more there are is told in one.
const MOST_LINES: usize = 60;

/// The longest text of a value, in characters.
const LONGEST_VALUE: usize = 80;

/// The longest list of hosts, in characters.
const LONGEST_HOSTS: usize = 160;

/// Lines for people.
#[derive(Default)]
pub(super) struct Report {
    lines: Vec<String>,
    more: usize,
}

impl Report {
    pub(super) fn line(&mut self, line: String) {
        if self.lines.len() < MOST_LINES {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("and {}", plural(self.more, "further difference")));
        }
        self.lines
    }
}

/// What something was and what it is now.
pub(super) fn changed(what: &str, before: &str, after: &str) -> String {
    format!("{what} was {before} and is now {after}")
}

/// A text between backticks, in one line and not too long.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", short(text, LONGEST_VALUE))
}

/// A value in one line and not too long; `nothing` where there is none.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => quoted(text),
        Some(Value::Bool(truth)) => truth.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(value) => quoted(&value.to_string()),
    }
}

/// Names, each between backticks; `nothing` where there are none.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    /// The most that are told one by one.
    const MOST: usize = 6;
    let all: Vec<_> = names.into_iter().collect();
    let mut told: Vec<_> = all.iter().take(MOST).map(|name| quoted(name)).collect();
    if all.len() > MOST {
        told.push(format!("and {} more", all.len() - MOST));
    }
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

/// Hosts, folded, with their number where that is not plain.
pub(super) fn hosts(names: &[&str]) -> String {
    let folded = short(&fold(names), LONGEST_HOSTS);
    if names.len() == 1 { folded } else { format!("{folded} ({})", plural(names.len(), "host")) }
}

fn short(text: &str, most: usize) -> String {
    // Only as much as can be shown is looked at: a value may be a whole file.
    let (text, cut) = match text.char_indices().nth(most) {
        Some((end, _)) => (&text[..end], "…"),
        None => (text, ""),
    };
    let line = visible(text.as_bytes()).replace('\n', "\\n").replace('\t', "\\t");
    format!("{line}{cut}")
}
