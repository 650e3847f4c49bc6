use std::collections::HashMap;

use runsheet_model::LockHolder;
use serde::{Deserialize, Serialize};

/// What a run wants to hold: all of it, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub holder: LockHolder,
    /// Which hosts, each once.
    pub hosts: Vec<LockedHost>,
}

/// A host of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedHost {
    /// Its name in the host groups of whoever holds it.
    pub name: String,
    /// Where it is: address and port. Two names of one address are one host.
    pub at: String,
    /// How it is held.
    pub mode: Mode,
}

/// How a host is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By one run alone: its steps work on the host.
    Alone,
    /// Together with others: commands run there on behalf of other hosts (`delegate`), as on a load balancer that several deploys share.
    Shared,
}

/// A run that holds hosts which another one wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Who holds them.
    pub holder: LockHolder,
    /// The titles of the steps that run.
    pub steps: Vec<String>,
    /// Which hosts both want, under the names that they have for whoever asks.
    pub hosts: Vec<String>,
}

impl Claim {
    /// The hosts of this claim that another one keeps from it.
    pub(crate) fn overlap(&self, other: &Self) -> Vec<String> {
        let held: HashMap<&str, Mode> = other.hosts.iter().map(|host| (host.at.as_str(), host.mode)).collect();
        let is_kept = |host: &&LockedHost| match held.get(host.at.as_str()) {
            None => false,
            Some(Mode::Shared) => host.mode == Mode::Alone,
            Some(Mode::Alone) => true,
        };
        self.hosts.iter().filter(is_kept).map(|host| host.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use runsheet_model::RunId;

    use super::*;

    fn claim(hosts: &[(&str, &str, Mode)]) -> Claim {
        let holder = LockHolder {
            run: RunId::fresh(),
            command: "run".to_owned(),
            sheet: "deploy".to_owned(),
            user: "dana".to_owned(),
            machine: "here".to_owned(),
            pid: 1,
            since: SystemTime::UNIX_EPOCH,
        };
        let host = |(name, at, mode): &(&str, &str, Mode)| LockedHost {
            name: (*name).to_owned(),
            at: (*at).to_owned(),
            mode: *mode,
        };
        Claim { holder, hosts: hosts.iter().map(host).collect() }
    }

    #[test]
    fn a_host_is_where_it_is_and_not_what_it_is_called() {
        let mine = claim(&[("web1", "10.0.0.1:22", Mode::Alone), ("web2", "10.0.0.2:22", Mode::Alone)]);
        let theirs = claim(&[("www1", "10.0.0.1:22", Mode::Alone), ("web2", "10.9.9.9:22", Mode::Alone)]);
        assert_eq!(mine.overlap(&theirs), ["web1"]);
        assert_eq!(theirs.overlap(&mine), ["www1"]);
    }

    #[test]
    fn a_shared_host_is_kept_only_from_those_who_want_it_alone() {
        let deploy = claim(&[("lb", "10.0.0.9:22", Mode::Shared)]);
        let other = claim(&[("lb", "10.0.0.9:22", Mode::Shared)]);
        let upgrade = claim(&[("lb", "10.0.0.9:22", Mode::Alone)]);
        assert!(deploy.overlap(&other).is_empty());
        assert_eq!(upgrade.overlap(&deploy), ["lb"]);
        assert_eq!(deploy.overlap(&upgrade), ["lb"]);
    }
}
