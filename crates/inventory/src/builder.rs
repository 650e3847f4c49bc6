use std::collections::HashSet;
use std::sync::Arc;

use runsheet_diagnostics::{Place, Placed, nearest};
use runsheet_model::{HostName, valid_host, visible};

use crate::error::InventoryError;
use crate::file_mistake::FileMistake;
use crate::inventory::{Group, Host, Inventory};
use crate::range::{Dialect, MOST_HOSTS, Word};
use crate::settings::{Layer, placed};

/// The most times that groups may list hosts, all together: a few lines can list a large range in a great many groups.
const MOST_LISTED: usize = 1_000_000;

/// Puts an inventory together, file by file; what can only be checked at the end waits until [`Builder::finish`].
#[derive(Default)]
pub(crate) struct Builder {
    inventory: Inventory,
    /// How many times groups list hosts, all together.
    listed: usize,
    entries: Vec<Entry>,
    /// Groups that hold groups, by name, because a group may be described later than it is named.
    held: Vec<(usize, Placed<String>)>,
}

/// One entry of a list of hosts: a name or a range, and what it says about them.
pub(crate) struct HostEntry {
    pub(crate) name: Placed<String>,
    pub(crate) address: Option<Placed<String>>,
    pub(crate) layer: Option<Layer>,
    pub(crate) dialect: Dialect,
}

/// A [`HostEntry`] that was read and is not expanded yet.
struct Entry {
    file: usize,
    group: usize,
    names: Placed<Word>,
    address: Option<Placed<Word>>,
    layer: Option<Arc<Layer>>,
}

impl Builder {
    /// Starts a file; `defaults` speak about every host that it lists.
    pub(crate) fn file(&mut self, defaults: Layer) -> usize {
        self.inventory.files.push(defaults);
        self.inventory.files.len() - 1
    }

    pub(crate) fn warn(&mut self, warning: &str) {
        self.inventory.warnings.push(visible(warning.as_bytes()));
    }

    /// Describes a group, or describes it further.
    pub(crate) fn group(&mut self, name: &str, place: &Place, layer: Option<Layer>) -> Result<usize, InventoryError> {
        let signs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !name.starts_with(|c: char| c.is_alphanumeric() || c == '_') || !name.chars().all(signs) {
            return Err(mistake(place, FileMistake::GroupName { name: name.to_owned() }));
        }
        let groups = &mut self.inventory.groups;
        let id = *self.inventory.group_index.entry(name.to_owned()).or_insert_with(|| {
            groups.push(Group {
                name: name.to_owned(),
                place: place.clone(),
                hosts: Vec::new(),
                children: Vec::new(),
                parents: Vec::new(),
                layers: Vec::new(),
            });
            groups.len() - 1
        });
        groups[id].layers.extend(layer);
        Ok(id)
    }

    /// Lets a group hold another, which may be described later.
    pub(crate) fn hold(&mut self, group: usize, child: Placed<String>) {
        self.held.push((group, child));
    }

    /// Lists the hosts of an entry in a group.
    ///
    /// Nothing is expanded before [`Builder::finish`]: by then it is certain that all entries together do not name too many.
    pub(crate) fn list(&mut self, file: usize, group: usize, entry: HostEntry) -> Result<(), InventoryError> {
        let HostEntry { name, address, layer, dialect } = entry;
        let names = parse(&name, dialect)?;
        self.listed = self.listed.saturating_add(names.count());
        if self.listed > MOST_LISTED {
            return Err(mistake(&name.place, FileMistake::TooManyListed { limit: MOST_LISTED }));
        }
        let address = match address {
            None => None,
            Some(address) => {
                let addresses = parse(&address, dialect)?;
                if addresses.count() != names.count() {
                    let pairs = FileMistake::Pairs { names: names.count(), addresses: addresses.count() };
                    return Err(mistake(&address.place, pairs));
                }
                Some(Placed { value: addresses, place: address.place })
            }
        };
        let names = Placed { value: names, place: name.place };
        self.entries.push(Entry { file, group, names, address, layer: layer.map(Arc::new) });
        Ok(())
    }

    fn expand(&mut self, entry: Entry) -> Result<(), InventoryError> {
        let Entry { file, group, names, address, layer } = entry;
        let mut addresses = Vec::new();
        if let Some(Placed { value, place }) = address {
            for text in value.expand() {
                valid_host(&text).map_err(|error| mistake(&place, error.into()))?;
                addresses.push(placed(text, &place));
            }
        }
        let mut addresses = addresses.into_iter();
        for text in names.value.expand() {
            let id = self.host(text, &names.place)?;
            let host = &mut self.inventory.hosts[id];
            host.layers.extend(layer.clone());
            host.addresses.extend(addresses.next());
            if host.files.last() != Some(&file) {
                host.files.push(file);
            }
            if !host.groups.contains(&group) {
                host.groups.push(group);
                self.inventory.groups[group].hosts.push(id);
            }
        }
        Ok(())
    }

    /// Checks what needs all files, and gives the inventory.
    pub(crate) fn finish(mut self) -> Result<Inventory, InventoryError> {
        for entry in std::mem::take(&mut self.entries) {
            self.expand(entry)?;
        }
        let mut linked = HashSet::new();
        for (group, child) in std::mem::take(&mut self.held) {
            let Some(&child_id) = self.inventory.group_index.get(&child.value) else {
                let nearest = nearest(&child.value, self.inventory.group_names()).map(str::to_owned);
                return Err(mistake(&child.place, FileMistake::NoGroup { name: child.value, nearest }));
            };
            if linked.insert((group, child_id)) {
                self.inventory.groups[group].children.push(child_id);
                self.inventory.groups[child_id].parents.push(group);
            }
        }
        if let Some(way) = cycle(&self.inventory.groups) {
            let place = &self.inventory.groups[way[0]].place;
            let way = way.iter().map(|&id| self.inventory.groups[id].name.clone()).collect();
            return Err(mistake(place, FileMistake::Cycle { way }));
        }
        self.inventory.note_protected();
        for group in &self.inventory.groups {
            let as_host =
                HostName::new(group.name.clone()).is_ok_and(|name| self.inventory.host_index.contains_key(&name));
            if as_host {
                let name = &group.name;
                self.inventory.warnings.push(format!(
                    "{}: `{name}` is a host and a group: `{name}` alone means the host, `@{name}` the group",
                    group.place
                ));
            }
        }
        Ok(self.inventory)
    }

    fn host(&mut self, text: String, place: &Place) -> Result<usize, InventoryError> {
        let name = HostName::new(text).map_err(|error| mistake(place, error.into()))?;
        if let Some(&id) = self.inventory.host_index.get(&name) {
            return Ok(id);
        }
        if let Some(sign) = name.as_str().chars().find(|c| "*?!@^".contains(*c)) {
            return Err(mistake(place, FileMistake::PatternSign { name: name.to_string(), sign }));
        }
        let id = self.inventory.hosts.len();
        if id == MOST_HOSTS {
            return Err(mistake(place, FileMistake::TooManyHosts));
        }
        self.inventory.hosts.push(Host {
            name: name.clone(),
            protected: false,
            layers: Vec::new(),
            addresses: Vec::new(),
            groups: Vec::new(),
            files: Vec::new(),
        });
        self.inventory.host_index.insert(name, id);
        Ok(id)
    }
}

/// An error at a place of a file.
pub(crate) fn mistake(place: &Place, mistake: FileMistake) -> InventoryError {
    InventoryError::File { place: place.clone(), mistake }
}

fn parse(text: &Placed<String>, dialect: Dialect) -> Result<Word, InventoryError> {
    Word::parse(&text.value, dialect).map_err(|(_, problem)| mistake(&text.place, problem.into()))
}

/// Finds groups that hold each other in a circle: the way from one of them back to itself.
fn cycle(groups: &[Group]) -> Option<Vec<usize>> {
    // No recursion: how deep groups are nested is up to whoever wrote the file.
    let mut done = vec![false; groups.len()];
    let mut on_way = vec![false; groups.len()];
    for start in 0..groups.len() {
        let mut way: Vec<(usize, usize)> = Vec::new();
        let mut next = Some(start).filter(|&id| !done[id]);
        loop {
            if let Some(id) = next.take() {
                on_way[id] = true;
                way.push((id, 0));
            }
            let Some((id, index)) = way.last_mut() else { break };
            let id = *id;
            match groups[id].children.get(*index) {
                Some(&child) if on_way[child] => {
                    let from = way.iter().position(|(id, _)| *id == child).unwrap_or(0);
                    return Some(way[from..].iter().map(|(id, _)| *id).chain([child]).collect());
                }
                Some(&child) => {
                    *index += 1;
                    next = Some(child).filter(|&child| !done[child]);
                }
                None => {
                    on_way[id] = false;
                    done[id] = true;
                    way.pop();
                }
            }
        }
    }
    None
}
