use serde::{Deserialize, Serialize};

/// That the hosts of a run are locked on the hosts themselves as well, against runs of other machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLocks {
    /// The folder on each host in which the lock is made; relative to the login folder. Default: `/run/lock` or `/var/lock` where the
    /// login user may write there, else the login folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}
