use runsheet_model::HostName;

use crate::finding::{Finding, Weight};
use crate::strangers::ShownKey;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The hosts, in the order in which they were asked for.
    pub hosts: Vec<Checked>,
    /// The keys that were not on record, of hosts and jump hosts.
    pub unknown_keys: Vec<ShownKey>,
}

/// What was found on one host.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The host.
    pub host: HostName,
    /// Its address, which stands in messages.
    pub address: String,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Whether its key was put on record because ssh_config or a flag lets new hosts in (`accept-new`).
    pub let_in: bool,
}

impl Checked {
    /// Whether nothing is wrong with it.
    pub fn is_fine(&self) -> bool {
        self.findings.iter().all(|finding| finding.weight != Weight::Wrong)
    }
}

impl Report {
    /// Whether nothing is wrong with any.
    pub fn is_fine(&self) -> bool {
        self.hosts.iter().all(Checked::is_fine)
    }
}
