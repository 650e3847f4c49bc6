use crate::{CellPlace, Problem};

/// Why a cell cannot be read, without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misread {
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
}

impl Misread {
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: Some(hint.into()) }
    }

    /// The same, at its place.
    pub(crate) fn at(self, place: CellPlace) -> Problem {
        Problem { place, what: self.what, hint: self.hint }
    }
}

/// A text of a cell, short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    format!("`{}`", runsheet_model::shortened(text, 60))
}
