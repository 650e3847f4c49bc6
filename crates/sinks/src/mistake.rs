/// What is wrong with the settings of a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What: a lower-case fragment.
    pub what: String,
    /// What would help, if that is known.
    pub hint: Option<String>,
}

impl Mistake {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
