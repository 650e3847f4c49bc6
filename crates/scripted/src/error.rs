use std::fmt;
use std::path::Path;

use runsheet_diagnostics::{Hint, Hints, Place};
use runsheet_model::{shortened, visible};
use starlark::codemap::FileSpan;
use thiserror::Error;

use crate::python;

/// The longest message of Starlark's that is shown, in characters.
const LONGEST_MESSAGE: usize = 2_000;
/// The most calls that are shown.
const MOST_CALLS: usize = 10;
/// The longest line of a script that is shown, in characters.
const LONGEST_LINE: usize = 160;

/// What is wrong with a script: `file:line:column: what is wrong`, and the line.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct ScriptError {
    /// Where.
    pub place: Place,
    /// What: a fragment in lower case, or Starlark's own words.
    pub message: String,
    /// The line of the file, without white space at its ends; empty if no line is meant.
    pub line: String,
    /// The calls that led there, the innermost first: `in FUNCTION, called at FILE:LINE`.
    pub calls: Vec<String>,
    hint: Option<String>,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        if !self.line.is_empty() {
            write!(f, "\n    {}", self.line)?;
        }
        self.calls.iter().try_for_each(|call| write!(f, "\n  {call}"))
    }
}

impl Hint for ScriptError {
    fn hints(&self) -> Hints {
        self.hint.as_ref().map_or_else(Hints::none, |hint| Hints::from(hint.clone()))
    }
}

impl ScriptError {
    /// Something about a file as a whole.
    pub(crate) fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { place: Place::file(file), message: message.into(), line: String::new(), calls: Vec::new(), hint: None }
    }

    /// Something about a part of a file.
    pub(crate) fn at(span: &FileSpan, message: impl Into<String>) -> Self {
        let begin = span.resolve_span().begin;
        let number = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        let place = Place::file(span.filename()).at(number(begin.line), number(begin.column));
        let line = shortened(span.as_ref().file.source_line(begin.line), LONGEST_LINE);
        Self { place, message: message.into(), line, calls: Vec::new(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What Starlark says about a file.
    pub(crate) fn of_starlark(file: &Path, error: &starlark::Error) -> Self {
        let said = error.without_diagnostic().to_string();
        let message = visible(said.trim().chars().take(LONGEST_MESSAGE).collect::<String>().as_bytes());
        let mut told = match error.span() {
            Some(span) => Self::at(span, message),
            None => Self::of_file(file, message),
        };
        // What stands in the place of `+` and `*` is ours.
        let frames = error.call_stack().frames.iter().rev().filter(|frame| !frame.name.starts_with("__"));
        told.calls = frames
            .filter_map(|frame| {
                let at = frame.location.as_ref()?.resolve();
                Some(format!("in `{}`, called at {}:{}", frame.name, at.file, at.span.begin.line + 1))
            })
            .collect();
        let hidden = told.calls.len().saturating_sub(MOST_CALLS);
        if hidden > 1 {
            // The outermost says where it began.
            told.calls.splice(MOST_CALLS - 1..MOST_CALLS + hidden - 1, [format!("in {hidden} more calls")]);
        }
        // A syntax error is most often Python that Starlark does not have.
        if matches!(error.kind(), starlark::ErrorKind::Parser(_))
            && let Some(advice) = python::advice_for_line(&told.line)
        {
            told.hint = Some(advice.to_owned());
        }
        told
    }

    /// The same in one text, as the message of a host that failed.
    pub(crate) fn told(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{self}\n  hint: {hint}"),
            None => self.to_string(),
        }
    }
}
