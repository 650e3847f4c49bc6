use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a run: a UUIDv7 (RFC 9562 §5.7), so that ids sort by the time they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

impl RunId {
    /// Makes a fresh id, from the clock and the system's random numbers.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// A number that belongs to this run, for what is left to chance and must come out the same each time.
    pub fn seed(&self) -> u128 {
        self.0.as_u128()
    }

    /// The last eight digits: enough to tell the runs of a screenful apart (the first ones are the time and hardly differ).
    pub fn short(&self) -> String {
        let text = self.0.simple().to_string();
        text[text.len() - 8..].to_owned()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::from_str(text).map(Self)
    }
}
