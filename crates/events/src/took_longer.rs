use std::time::Duration;

use runsheet_model::{HostName, StepId, duration_ms};
use serde::{Deserialize, Serialize};

/// Something that ended well took significantly longer than in the runs before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TookLonger {
    /// Which step.
    pub step: StepId,
    /// On which host; absent if it is the step as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    /// How long it took: machine time.
    #[serde(with = "duration_ms", rename = "took_ms")]
    pub took: Duration,
    /// How long it usually takes: the median of the runs before.
    #[serde(with = "duration_ms", rename = "usual_ms")]
    pub usual: Duration,
    /// How many runs that is known from.
    pub runs: usize,
}

impl TookLonger {
    /// How much longer than usual, in percent of that; at least 1.
    pub fn percent(&self) -> u128 {
        let usual = self.usual.as_millis().max(1);
        (self.took.saturating_sub(self.usual).as_millis() * 100).div_ceil(usual).max(1)
    }
}
