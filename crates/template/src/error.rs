use minijinja::{Error, ErrorKind};
use thiserror::Error as ThisError;

use crate::Context;
use crate::context::Missing;

/// Why a template cannot be used. `line` counts from 1 within the template.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum TemplateError {
    /// A name that nothing stands behind.
    #[error("unknown name `{name}` in `{template}`{}", at(*line))]
    Unknown {
        /// The name with its path, such as `vars.relase`.
        name: String,
        /// The nearest name that there is, with its path.
        nearest: Option<String>,
        /// The template.
        template: String,
        /// The line within the template.
        line: u32,
    },

    /// The text is not a template.
    #[error("{message} in `{template}`{}", at(*line))]
    Syntax {
        /// What is wrong.
        message: String,
        /// The template.
        template: String,
        /// The line within the template.
        line: u32,
    },

    /// It failed on these values.
    #[error("{message} in `{template}`{}", at(*line))]
    Failed {
        /// What is wrong.
        message: String,
        /// The template.
        template: String,
        /// The line within the template.
        line: u32,
    },

    /// It took more work than a template may.
    #[error("`{template}` takes too much work")]
    TooMuchWork {
        /// The template.
        template: String,
    },

    /// A condition that is neither true nor false.
    #[error("`{template}` is `{value}`, which is neither true nor false")]
    NotACondition {
        /// The template.
        template: String,
        /// What it came to.
        value: String,
    },
}

impl TemplateError {
    /// What would help: one sentence.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Unknown { name, .. } => {
                Some(format!("if it may be missing, say what to take instead: `{{{{ {name} | default('…') }}}}`"))
            }
            Self::NotACondition { .. } => {
                Some("compare it with something, such as `host.vars.role == 'leader'`".to_owned())
            }
            _ => None,
        }
    }

    /// The line within the template, from 1.
    pub fn line(&self) -> u32 {
        match self {
            Self::Unknown { line, .. } | Self::Syntax { line, .. } | Self::Failed { line, .. } => *line,
            Self::TooMuchWork { .. } | Self::NotACondition { .. } => 1,
        }
    }

    pub(crate) fn syntax(error: &Error, template: &str) -> Self {
        Self::Syntax { message: message(error), template: shown(template), line: line(error) }
    }

    /// Explains why rendering failed. `mentioned` are the dotted names in the template, in its order.
    pub(crate) fn render(error: &Error, template: &str, mentioned: &[String], context: &Context) -> Self {
        let (line, shown) = (line(error), shown(template));
        match error.kind() {
            ErrorKind::OutOfFuel => Self::TooMuchWork { template: shown },
            ErrorKind::UndefinedError => match missing(template, line, mentioned, context) {
                Some(Missing { parent, name, names }) => {
                    let path = |name: &str| {
                        if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
                    };
                    let nearest = nearest(&name, &names).map(path);
                    Self::Unknown { name: path(&name), nearest, template: shown, line }
                }
                None => Self::Failed { message: "a value is not there".to_owned(), template: shown, line },
            },
            _ => Self::Failed { message: message(error), template: shown, line },
        }
    }

    pub(crate) fn not_a_condition(template: &str, value: &str) -> Self {
        Self::NotACondition { template: shown(template), value: shown(value) }
    }
}

/// The name that is missing, which the engine does not say: the first of the mentioned ones that nothing stands behind, those
/// in the line of the error before others.
fn missing(template: &str, line: u32, mentioned: &[String], context: &Context) -> Option<Missing> {
    let index = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let here = template.lines().nth(index).unwrap_or_default();
    let (near, far): (Vec<&String>, Vec<&String>) = mentioned.iter().partition(|name| here.contains(name.as_str()));
    near.into_iter().chain(far).find_map(|name| context.find(name).err())
}

/// ` (line 3)`, unless it is the first.
fn at(line: u32) -> String {
    if line > 1 { format!(" (line {line})") } else { String::new() }
}

fn line(error: &Error) -> u32 {
    error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(1)
}

fn message(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// The start of a text, on one line.
fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.trim().replace('\n', " ");
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST).chain(['…']).collect() }
}

fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    names
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate.as_str()))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
