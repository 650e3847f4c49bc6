use async_trait::async_trait;
use runsheet_model::StepId;

/// A question to a person, as data. Whoever implements [`Ask`] decides how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A manual step: do this, then say that it is done.
    Manual {
        /// Which step.
        step: StepId,
        /// Its title.
        name: String,
        /// What to do.
        instructions: String,
        /// Whose it is.
        owner: Option<String>,
    },
}

/// A person's answer, or that of a flag in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether to go on.
    pub proceed: bool,
    /// What they noted.
    pub note: String,
    /// Who answered.
    pub who: String,
}

/// Asks people. The display is suspended while a question stands.
#[async_trait]
pub trait Ask: Send + Sync {
    /// Asks and waits for the answer, however long that takes. Dropping the future withdraws the question.
    async fn ask(&self, question: Question) -> Answer;
}
