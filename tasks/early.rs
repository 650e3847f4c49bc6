use runsheet_task::{CommandResult, Outcome, TaskError};

/// Why the work of a task ends before its end. What a task asks on its way is passed on with `?`, whichever of the two it is.
#[derive(Debug)]
pub(crate) enum Early {
    /// Its outcome is known: an argument that makes no sense, or a host that refuses.
    Known(Outcome),
    /// How it ended is not known, or a dry run is over.
    Unknown(TaskError),
}

impl Early {
    /// An argument makes no sense; nothing was touched.
    pub(crate) fn mistake(message: impl Into<String>) -> Self {
        Self::Known(Outcome::failed(message, 2))
    }

    /// It failed, in the task's own words.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Known(Outcome::failed(message, 1))
    }

    /// What a command of the task's own wrote to standard output, if it ended well; else its complaint is the outcome.
    pub(crate) fn unless_ok(said: CommandResult) -> Result<String, Self> {
        if said.ok() { Ok(said.stdout) } else { Err(Self::Known(said.outcome())) }
    }

    /// What the whole work comes to, of a task that ends so or by errors only.
    pub(crate) fn settle(result: Result<Outcome, impl Into<Self>>) -> Result<Outcome, TaskError> {
        match result.map_err(Into::into) {
            Ok(outcome) | Err(Self::Known(outcome)) => Ok(outcome),
            Err(Self::Unknown(error)) => Err(error),
        }
    }
}

impl From<Outcome> for Early {
    fn from(outcome: Outcome) -> Self {
        Self::Known(outcome)
    }
}

impl From<TaskError> for Early {
    fn from(error: TaskError) -> Self {
        Self::Unknown(error)
    }
}
