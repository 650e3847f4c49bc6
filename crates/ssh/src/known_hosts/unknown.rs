use std::path::Path;
use std::sync::Arc;

use runsheet_model::{Hop, HostKeys};

use super::{LookupName, Offer};

/// The longest key that is put on record after a question, in bytes. An RSA key of 16,384 bits has 2 KiB.
const LONGEST_KEY: usize = 8 * 1024;

/// A host that was refused because no key is on record for it, with the key that it showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    pub(crate) name: LookupName,
    pub(crate) keys: Arc<HostKeys>,
    pub(crate) offer: Offer,
}

impl UnknownKey {
    /// The name under which it would be put on record.
    pub fn name(&self) -> &str {
        &self.name.recorded
    }

    /// The type of the key, such as `ssh-ed25519`.
    pub fn key_type(&self) -> &str {
        match &self.offer {
            Offer::Key { key_type, .. } => key_type,
            Offer::Certificate(_) => "certificate",
        }
    }

    /// The key's fingerprint, as people compare it: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        self.offer.fingerprint()
    }

    /// The file into which it would be put.
    pub fn file(&self) -> Option<&Path> {
        self.keys.user_files.first().map(|path| &**path)
    }

    pub(crate) fn is_oversized(&self) -> bool {
        matches!(&self.offer, Offer::Key { key, .. } if key.len() > LONGEST_KEY)
    }
}

/// The name under which the key of a hop is looked up in known_hosts.
pub fn recorded_name(hop: &Hop) -> String {
    LookupName::of(hop).recorded
}
