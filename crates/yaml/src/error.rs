use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Mark;

/// Why a YAML file cannot be used. Shown as `file:line:column: what is wrong`.
#[derive(Debug, Error)]
pub struct YamlError {
    /// What is wrong: a fragment in lower case.
    pub message: String,
    /// The file, as the user named it.
    pub file: PathBuf,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// The column, in characters, from 1; 0 where a whole line or file is meant.
    pub column: u32,
    hint: Option<String>,
    unknown: Option<Box<str>>,
    source: Option<io::Error>,
}

impl YamlError {
    /// Makes an error at a place.
    pub fn at(file: &Path, mark: Mark, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            file: file.to_owned(),
            line: mark.line,
            column: mark.column,
            hint: None,
            unknown: None,
            source: None,
        }
    }

    /// Adds what would help.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What would help: one sentence.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }

    /// The key that is not known where it stands, if that is what is wrong.
    pub fn unknown_key(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    pub(crate) fn with_unknown_key(mut self, key: &str) -> Self {
        self.unknown = Some(key.into());
        self
    }

    pub(crate) fn io(file: &Path, message: &str, source: io::Error) -> Self {
        Self { source: Some(source), ..Self::at(file, Mark::default(), message) }
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, message) = (self.file.display(), &self.message);
        match (self.line, self.column) {
            (0, _) => write!(f, "{file}: {message}"),
            (line, 0) => write!(f, "{file}:{line}: {message}"),
            (line, column) => write!(f, "{file}:{line}:{column}: {message}"),
        }
    }
}
