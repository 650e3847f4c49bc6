/// What every tool is to do on all hosts of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// `true`.
    OneCommand,
    /// `true`, five times: one step after the other, each on all hosts.
    FiveSteps,
    /// A file of 5 MiB to the same path of each.
    OneFile,
}

impl Work {
    /// What the scripts for Python's libraries are told.
    pub(crate) fn words(self, source: &str, target: &str) -> Vec<String> {
        match self {
            Self::OneCommand => vec!["run".to_owned(), "1".to_owned()],
            Self::FiveSteps => vec!["run".to_owned(), "5".to_owned()],
            Self::OneFile => vec!["put".to_owned(), source.to_owned(), target.to_owned()],
        }
    }
}
