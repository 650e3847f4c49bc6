use std::collections::{BTreeMap, HashMap, HashSet};

use runsheet_model::{Hop, HostName, Unreachable};
use runsheet_ssh::{UnknownKey, recorded_name};
use serde::Serialize;

use crate::subject::Subject;

/// A key that was not on record, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownKey {
    /// Its type, such as `ssh-ed25519`.
    #[serde(rename = "type")]
    pub key_type: String,
    /// Its fingerprint: `SHA256:…`.
    pub fingerprint: String,
    /// The hosts that showed it.
    pub hosts: Vec<HostName>,
    /// The jump hosts that showed it, by the names under which they are looked up.
    pub jumps: Vec<String>,
    /// Whether it was put on record.
    pub learned: bool,
}

/// Those who showed keys that are not on record.
pub(crate) struct Strangers {
    keys: Vec<UnknownKey>,
    names: HashSet<String>,
    /// Names under which different keys were shown: none of those can be the right one for sure.
    ambiguous: HashSet<String>,
}

impl Strangers {
    pub(crate) fn new(keys: Vec<UnknownKey>) -> Self {
        let mut by_name: HashMap<&str, HashSet<String>> = HashMap::new();
        for key in &keys {
            by_name.entry(key.name()).or_default().insert(key.fingerprint());
        }
        let ambiguous =
            by_name.iter().filter(|(_, shown)| shown.len() > 1).map(|(name, _)| (*name).to_owned()).collect();
        let names = by_name.into_keys().map(ToOwned::to_owned).collect();
        Self { keys, names, ambiguous }
    }

    /// The first stranger on the way to a host, itself included, and whether it is a jump host.
    pub(crate) fn on_the_way<'a>(&self, subject: &'a Subject) -> Option<(&'a Hop, bool)> {
        let endpoint = &subject.endpoint;
        let jumps = endpoint.jumps.iter().map(|jump| (jump, true));
        jumps.chain([(&endpoint.target, false)]).find(|(hop, _)| self.names.contains(&recorded_name(hop)))
    }

    pub(crate) fn is_ambiguous(&self, hop: &Hop) -> bool {
        self.ambiguous.contains(&recorded_name(hop))
    }

    /// The fingerprints of keys that problems, by name, kept from being put on record for all who showed them.
    pub(crate) fn left_out(&self, problems: &HashMap<String, Unreachable>) -> HashSet<String> {
        self.offered().filter(|key| problems.contains_key(key.name())).map(UnknownKey::fingerprint).collect()
    }

    /// The keys that a person may be asked about.
    pub(crate) fn offered(&self) -> impl Iterator<Item = &UnknownKey> {
        self.keys.iter().filter(|key| !self.ambiguous.contains(key.name()))
    }

    /// Tells the keys that may be asked about by who showed them: one key that many show stands there once.
    pub(crate) fn shown(&self, subjects: &[Subject]) -> Vec<ShownKey> {
        let mut hosts: HashMap<String, Vec<&HostName>> = HashMap::new();
        for subject in subjects {
            hosts.entry(recorded_name(&subject.endpoint.target)).or_default().push(&subject.endpoint.host);
        }
        let mut shown: BTreeMap<(String, String), ShownKey> = BTreeMap::new();
        for key in self.offered() {
            let (key_type, fingerprint) = (key.key_type().to_owned(), key.fingerprint());
            let entry = shown.entry((key_type.clone(), fingerprint.clone())).or_insert_with(|| ShownKey {
                key_type,
                fingerprint,
                hosts: Vec::new(),
                jumps: Vec::new(),
                learned: false,
            });
            match hosts.get(key.name()) {
                Some(hosts) => entry.hosts.extend(hosts.iter().map(|&host| host.clone())),
                None => entry.jumps.push(key.name().to_owned()),
            }
        }
        let place: HashMap<&HostName, usize> =
            subjects.iter().enumerate().map(|(at, subject)| (&subject.endpoint.host, at)).collect();
        let mut shown: Vec<_> = shown.into_values().collect();
        for key in &mut shown {
            key.hosts.sort_by_key(|host| place.get(host));
            key.hosts.dedup();
            key.jumps.sort_unstable();
            key.jumps.dedup();
        }
        // Jump hosts first: the way goes through them.
        shown.sort_by_key(|key| (key.jumps.is_empty(), key.hosts.first().and_then(|host| place.get(host)).copied()));
        shown
    }
}
