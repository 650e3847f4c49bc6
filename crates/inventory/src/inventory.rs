use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{HostName, Vars};

use crate::InventoryError;
use crate::settings::Layer;

/// All hosts and host groups, as they stand in the files.
///
/// A host may stand in several groups and files. Host beats group, inner group beats outer, group beats file; what is
/// equally near and disagrees is an error, and only once such a host is asked for.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub(crate) hosts: Vec<Host>,
    pub(crate) host_index: HashMap<HostName, usize>,
    pub(crate) groups: Vec<Group>,
    pub(crate) group_index: HashMap<String, usize>,
    pub(crate) files: Vec<Layer>,
    pub(crate) warnings: Vec<String>,
    /// Names and addresses of protected hosts, in lower case.
    protected_names: HashSet<String>,
}

/// A host and what its own entries say.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: HostName,
    pub(crate) protected: bool,
    /// One for each entry that says anything; shared by the hosts of a range.
    pub(crate) layers: Vec<Arc<Layer>>,
    pub(crate) addresses: Vec<Placed<String>>,
    /// The groups that list it themselves.
    pub(crate) groups: Vec<usize>,
    pub(crate) files: Vec<usize>,
}

/// A host group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) hosts: Vec<usize>,
    pub(crate) children: Vec<usize>,
    pub(crate) parents: Vec<usize>,
    /// One for each file that says anything about the group.
    pub(crate) layers: Vec<Layer>,
}

impl Inventory {
    /// An inventory without hosts.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The variables of a host, merged by name; none for a host that is not listed.
    pub fn host_vars(&self, host: &HostName) -> Result<Vars, InventoryError> {
        let Some(scope) = self.scope(host) else {
            return Ok(Vars::new());
        };
        let mut names: Vec<&String> = scope.layers().flat_map(|layer| layer.vars.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let mut vars = Vars::new();
        for name in names {
            if let Some(value) = scope.weigh(&format!("vars.{name}"), |layer| layer.vars.get(name))? {
                vars.insert(name.clone(), value.value.clone());
            }
        }
        Ok(vars)
    }

    /// The groups in which a host stands, inner ones before the outer ones that hold them; none for a host that is not listed.
    pub fn groups_of(&self, host: &HostName) -> Vec<&str> {
        self.scope(host)
            .map(|scope| scope.groups.iter().map(|&id| self.groups[id].name.as_str()).collect())
            .unwrap_or_default()
    }

    /// The address of a host: its `address`, else its name. ssh_config is not asked.
    pub fn address_of(&self, host: &HostName) -> Result<String, InventoryError> {
        let address = self.scope(host).map(|scope| scope.address()).transpose()?.flatten();
        Ok(address.map_or_else(|| host.to_string(), |address| address.value.clone()))
    }

    /// Whether a host is refused as a target. If its groups disagree about that, it is.
    ///
    /// An unlisted name is refused as well if it is the name or the address of a protected host in another spelling.
    pub fn is_protected(&self, host: &HostName) -> bool {
        match self.host_index.get(host) {
            Some(&id) => self.hosts[id].protected,
            None => self.protected_names.contains(&spelling(host.as_str())),
        }
    }

    /// Works out once who is protected.
    pub(crate) fn note_protected(&mut self) {
        let protected: Vec<usize> = (0..self.hosts.len())
            .filter(|&id| {
                let said = self.scope(&self.hosts[id].name).map(|scope| {
                    scope
                        .weigh("protected", |layer| layer.protected.as_ref())
                        .map_or(true, |said| said.is_some_and(|it| it.value))
                });
                said.unwrap_or(false)
            })
            .collect();
        for id in protected {
            let host = &mut self.hosts[id];
            host.protected = true;
            self.protected_names.insert(spelling(host.name.as_str()));
            self.protected_names.extend(host.addresses.iter().map(|address| spelling(&address.value)));
        }
    }

    /// Whether a host stands in the inventory.
    pub fn contains(&self, host: &HostName) -> bool {
        self.host_index.contains_key(host)
    }

    /// What was read and is doubtful, with its place.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// All hosts, in the order in which they were first listed.
    pub fn host_names(&self) -> impl Iterator<Item = &HostName> {
        self.hosts.iter().map(|host| &host.name)
    }

    /// All groups, in the order in which they were first listed.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// The hosts of a group and of the groups in it, each once, in the order in which they are listed.
    pub(crate) fn members(&self, group: usize) -> Vec<usize> {
        let mut seen_groups = vec![false; self.groups.len()];
        let mut seen_hosts = vec![false; self.hosts.len()];
        let mut members = Vec::new();
        let mut open = vec![group];
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut seen_groups[id], true) {
                continue;
            }
            for &host in &self.groups[id].hosts {
                if !std::mem::replace(&mut seen_hosts[host], true) {
                    members.push(host);
                }
            }
            open.extend(self.groups[id].children.iter().rev());
        }
        members
    }
}

/// DNS takes no notice of case and of a last dot.
fn spelling(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
