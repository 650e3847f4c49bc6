use runsheet_model::Share;
use runsheet_sheet::{FailurePolicy, OnFailure, Pause, Scope, Straggler};
use serde::{Deserialize, Serialize};

/// How a step goes through its hosts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanRollout {
    /// The sizes of its waves, which together are all its hosts, in their order. None of them is 0.
    pub waves: Vec<usize>,
    /// What happens between two of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// Within a wave: the window in which its hosts are worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<PlanWindow>,
    /// Whether its hosts come by chance, and not in the order in which they stand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shuffled: bool,
}

/// How many hosts of a group may be out of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanWindow {
    /// The most that may be anywhere between their first and their last task; at least 1.
    pub size: usize,
    /// The fewest that must be in service.
    pub floor: usize,
    /// How many are in service whatever happens here: those that the step's pattern selects, and that `when` or a flag leaves out.
    pub beside: usize,
}

/// What happens when hosts of a step fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPolicy {
    /// How many may. None: none, and the others of the wave are finished all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_fail: Option<Share>,
    /// How many may be unreachable, counted apart. None: they count as failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unreachable: Option<Share>,
    /// Of what those are shares, and over what is counted.
    #[serde(default)]
    pub of: Scope,
    /// What happens when more failed.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// What happens to a host that takes far longer than its peers.
    #[serde(default)]
    pub straggler: Straggler,
}

impl PlanRollout {
    /// All hosts at once.
    pub fn whole(hosts: usize) -> Self {
        Self { waves: if hosts == 0 { Vec::new() } else { vec![hosts] }, ..Self::default() }
    }
}

impl From<&FailurePolicy> for PlanPolicy {
    fn from(policy: &FailurePolicy) -> Self {
        Self {
            max_fail: policy.max_fail,
            max_unreachable: policy.max_unreachable,
            of: policy.of,
            on_failure: policy.on_failure,
            straggler: policy.straggler,
        }
    }
}
