use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What people are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A run has started, or goes on.
    Started,
    /// A step is next, for its owner.
    Next,
    /// A step waits for a person.
    Waiting,
    /// A host has failed, the run starts nothing new, or runsheet is gone.
    Failed,
    /// The run is over.
    Finished,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Started, Self::Next, Self::Waiting, Self::Failed, Self::Finished];

    /// As it stands in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Next => "next",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Finished => "finished",
        }
    }

    /// Whether it is still worth telling long after.
    pub(super) fn keeps(self) -> bool {
        matches!(self, Self::Failed | Self::Finished)
    }
}
