use std::collections::HashSet;

use runsheet_diagnostics::Placed;
use runsheet_model::HostName;

use crate::InventoryError;
use crate::inventory::{Host, Inventory};
use crate::settings::Layer;

/// Everything that speaks about one host: its own entries, its groups, its files.
pub(crate) struct Scope<'a> {
    inventory: &'a Inventory,
    host: &'a Host,
    /// All its groups, inner ones before the outer ones that hold them.
    pub(crate) groups: Vec<usize>,
}

impl Inventory {
    /// Returns what speaks about a host, if it is listed.
    pub(crate) fn scope(&self, host: &HostName) -> Option<Scope<'_>> {
        let host = &self.hosts[*self.host_index.get(host)?];
        Some(Scope { inventory: self, host, groups: self.with_outer_groups(&host.groups) })
    }

    /// These groups and all that hold them; a group stands before the ones that hold it.
    fn with_outer_groups(&self, inner: &[usize]) -> Vec<usize> {
        // A depth-first walk upwards that notes a group when all above it are noted gives the outer ones first.
        let mut noted = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<(usize, bool)> = inner.iter().map(|&id| (id, false)).collect();
        while let Some((id, done)) = open.pop() {
            if done {
                noted.push(id);
            } else if seen.insert(id) {
                open.push((id, true));
                open.extend(self.groups[id].parents.iter().rev().map(|&parent| (parent, false)));
            }
        }
        noted.reverse();
        noted
    }
}

impl<'a> Scope<'a> {
    /// All layers that speak about the host, the nearest first.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &'a Layer> {
        let inventory = self.inventory;
        let groups = self.groups.iter().flat_map(move |&id| &inventory.groups[id].layers);
        let files = self.host.files.iter().map(move |&id| &inventory.files[id]);
        self.host.layers.iter().map(AsRef::as_ref).chain(groups).chain(files)
    }

    /// Returns the `address` of the host's own entries.
    pub(crate) fn address(&self) -> Result<Option<&'a Placed<String>>, InventoryError> {
        self.agreed("address", self.host.addresses.iter().map(|address| (None, address)))
    }

    /// Returns the value that wins: host beats group, inner group beats outer, group beats file.
    pub(crate) fn weigh<T: PartialEq>(
        &self,
        setting: &str,
        pick: impl Fn(&'a Layer) -> Option<&'a Placed<T>>,
    ) -> Result<Option<&'a Placed<T>>, InventoryError> {
        let own = self.host.layers.iter().filter_map(|layer| Some((None, pick(layer)?)));
        if let Some(value) = self.agreed(setting, own)? {
            return Ok(Some(value));
        }
        let groups = &self.inventory.groups;
        let mut speaking: Vec<(usize, &'a Placed<T>)> = Vec::new();
        for &id in &self.groups {
            speaking.extend(groups[id].layers.iter().filter_map(&pick).map(|value| (id, value)));
        }
        if speaking.iter().any(|(_, value)| value.value != speaking[0].1.value) {
            let overruled = self.outer_of(speaking.iter().map(|(id, _)| *id));
            speaking.retain(|(id, _)| !overruled.contains(id));
        }
        let named = speaking.into_iter().map(|(id, value)| (Some(groups[id].name.as_str()), value));
        if let Some(value) = self.agreed(setting, named)? {
            return Ok(Some(value));
        }
        let files = self.host.files.iter().filter_map(|&id| Some((None, pick(&self.inventory.files[id])?)));
        self.agreed(setting, files)
    }

    /// The groups that hold any of these, however far out.
    fn outer_of(&self, inner: impl Iterator<Item = usize>) -> HashSet<usize> {
        let groups = &self.inventory.groups;
        let mut outer = HashSet::new();
        let mut open: Vec<usize> = inner.flat_map(|id| groups[id].parents.iter().copied()).collect();
        while let Some(id) = open.pop() {
            if outer.insert(id) {
                open.extend(&groups[id].parents);
            }
        }
        outer
    }

    /// Returns what all of them say, if they say the same.
    fn agreed<T: PartialEq>(
        &self,
        setting: &str,
        mut said: impl Iterator<Item = (Option<&'a str>, &'a Placed<T>)>,
    ) -> Result<Option<&'a Placed<T>>, InventoryError> {
        let Some((group, first)) = said.next() else {
            return Ok(None);
        };
        match said.find(|(_, other)| other.value != first.value) {
            None => Ok(Some(first)),
            Some((other_group, other)) => Err(InventoryError::Disagree {
                host: self.host.name.clone(),
                setting: setting.to_owned(),
                first: place_of(group, first),
                second: place_of(other_group, other),
            }),
        }
    }
}

fn place_of<T>(group: Option<&str>, value: &Placed<T>) -> String {
    match group {
        Some(group) => format!("group `{group}` at {}", value.place),
        None => value.place.to_string(),
    }
}
