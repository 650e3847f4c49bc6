//! The reader of known_hosts, compiled from the sources of `runsheet-ssh`.

#[path = "../../crates/ssh/src/known_hosts/entry.rs"]
mod entry;
#[expect(dead_code, reason = "the fuzzer needs a part of it")]
#[path = "../../crates/ssh/src/known_hosts/pattern.rs"]
mod pattern;

use entry::{Entry, fingerprint};
use pattern::{HostField, list_matches};

pub(crate) fn read(data: &[u8]) {
    for (number, line) in data.split(|byte| *byte == b'\n').enumerate() {
        if let Ok(Some(entry)) = Entry::parse(number + 1, line) {
            assert!(!entry.key.is_empty() && !entry.key_type.is_empty());
            if let HostField::Patterns(patterns) = &entry.hosts {
                for name in ["web1", "[127.0.0.1]:2222", "10.0.0.1", ""] {
                    let is_meant = list_matches(patterns, name);
                    assert!(!is_meant || patterns.iter().any(|pattern| !pattern.negated && pattern.matches(name)));
                }
            }
            assert!(fingerprint(&entry.key).starts_with("SHA256:"));
        }
    }
}
