use std::time::SystemTime;

use runsheet_events::Position;
use runsheet_model::unix_ms;
use serde::{Deserialize, Serialize};

/// How far a sink has got with a run: what stands in `sinks/NAME.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What it is, such as `webhook`.
    #[serde(default)]
    pub kind: String,
    /// Offset in the journal of the first event that was not delivered.
    pub offset: u64,
    /// The last event that was delivered; 0 for none.
    pub seq: u64,
    /// The last event of a batch that may have been delivered: the same batch is delivered next, with the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<u64>,
    /// Whether it was told that the run is over.
    #[serde(default)]
    pub closed: bool,
    /// Why it has got no further, if the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// Why a sink has got no further.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// How often in a row it failed.
    pub times: u32,
    /// When it failed the last time.
    #[serde(with = "unix_ms", rename = "at_ms")]
    pub at: SystemTime,
    /// What it said, with its causes.
    pub why: String,
}

impl Standing {
    /// Where the record goes on.
    pub fn position(&self) -> Position {
        Position { offset: self.offset, seq: self.seq }
    }

    /// Whether everything up to the event `last` of a run that is over was delivered.
    pub fn is_done(&self, last: u64) -> bool {
        self.closed && self.seq >= last
    }

    pub(crate) fn advance(&mut self, to: Position, closed: bool) {
        self.offset = to.offset;
        self.seq = to.seq;
        self.under_way = None;
        self.closed = closed;
        self.trouble = None;
    }

    pub(crate) fn failed(&mut self, why: String, at: SystemTime) {
        let times = self.trouble.as_ref().map_or(1, |before| before.times.saturating_add(1));
        self.trouble = Some(Trouble { times, at, why });
    }
}
