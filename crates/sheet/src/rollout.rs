use std::time::Duration;

use runsheet_diagnostics::Placed;
use runsheet_model::Share;
use serde::{Deserialize, Serialize};

/// How a step goes through its hosts. Default: all of them at once, as far as forks go, in the order in which they are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rollout {
    /// Into which parts the hosts are cut.
    pub shape: Shape,
    /// What happens between two waves.
    pub pause: Option<Pause>,
    /// In which order they come.
    pub order: Order,
    /// Whether the work is done on the first host only.
    pub once: bool,
}

/// Into which parts the hosts of a step are cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// One part.
    #[default]
    Whole,
    /// One wave after the other. Each is so many of the step's hosts, at least one; the last is repeated until no host is left.
    /// Never empty. `batch: N` is a list of one.
    Waves(Vec<Placed<Share>>),
    /// A window that slides: so many hosts at most are anywhere between their first and their last task, those that failed there
    /// included.
    Window {
        /// The most of the step's hosts that may be out of service; at least one.
        size: Placed<Share>,
        /// The fewest of its hosts that must be in service.
        floor: Option<Placed<Share>>,
    },
}

/// What happens between two waves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// So long, nothing.
    For(#[serde(with = "runsheet_model::duration_ms")] Duration),
    /// A person looks, and says whether to go on.
    Ask,
}

/// In which order the hosts of a step come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the pattern lists them.
    #[default]
    Listed,
    /// The last one first.
    Reversed,
    /// By chance; the same in every epoch of a run.
    Shuffled,
    /// By a variable of the hosts, such as `rack`: those of one value at a time, never two values in one wave.
    By(Placed<String>),
}
