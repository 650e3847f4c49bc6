use std::error::Error;

/// An error that can say what would help.
pub trait Hint: Error {
    /// Returns what would help; nothing by default.
    fn hints(&self) -> Hints {
        Hints::none()
    }
}

/// What would help, one sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints(Vec<String>);

impl Hints {
    /// No hint.
    pub fn none() -> Self {
        Self::default()
    }

    /// The sentence `did you mean …?` if there is something near.
    pub fn did_you_mean(nearest: Option<&str>) -> Self {
        Self(nearest.map(|name| format!("did you mean `{name}`?")).into_iter().collect())
    }

    /// Adds the hints of another.
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// The sentences.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl From<String> for Hints {
    fn from(hint: String) -> Self {
        Self(vec![hint])
    }
}

impl From<&str> for Hints {
    fn from(hint: &str) -> Self {
        Self(vec![hint.to_owned()])
    }
}
