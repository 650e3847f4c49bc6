use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PublicKey};

use super::LookupName;
use super::entry::{Entry, Marker, fingerprint};
use super::pattern::{Pattern, list_matches};

/// What is on record for one host, out of all files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    /// Under its recorded name.
    named: Vec<Record>,
    /// Under its address without the port. Taken only as a yes.
    without_port: Vec<Record>,
}

#[derive(Clone, Debug)]
struct Record {
    place: Place,
    entry: Entry,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: Arc<PathBuf>,
    pub(crate) line: usize,
}

/// What a host showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// A key, as it goes over the wire.
    Key { key_type: String, key: Vec<u8> },
    /// A certificate.
    Certificate(Box<Certificate>),
}

/// What follows for a host that showed a key or a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the host.
    Known,
    /// Nothing is on record for it.
    Unknown,
    /// Another key is on record for it.
    Changed { place: Place, recorded: String },
    /// The key, or the one that signed its certificate, must not be taken.
    Revoked { place: Place },
    /// The certificate proves nothing.
    BadCertificate { reason: String },
}

impl Offer {
    pub(crate) fn key(key: &PublicKey) -> Self {
        Self::Key { key_type: key.algorithm().as_str().to_owned(), key: wire(key.key_data()) }
    }

    /// How people compare it.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Self::Key { key, .. } => fingerprint(key),
            Self::Certificate(certificate) => fingerprint(&wire(certificate.public_key())),
        }
    }
}

impl Records {
    /// Adds what one file says about the host.
    pub(crate) fn add(&mut self, path: &Arc<PathBuf>, named: &[&Entry], without_port: &[&Entry]) {
        let record = |entry: &&Entry| Record {
            place: Place { path: Arc::clone(path), line: entry.line },
            entry: (*entry).clone(),
        };
        self.named.extend(named.iter().map(record));
        self.without_port.extend(without_port.iter().map(record));
    }

    /// The types of the host's keys that are on record, for asking the host for those.
    pub(crate) fn key_types(&self) -> Vec<String> {
        let source = if self.keys().next().is_some() { &self.named } else { &self.without_port };
        source
            .iter()
            .filter(|record| record.entry.marker == Marker::Key)
            .map(|record| record.entry.key_type.clone())
            .collect()
    }

    /// Whether an authority is on record that may vouch for the host.
    pub(crate) fn has_authority(&self) -> bool {
        self.all().any(|record| record.entry.marker == Marker::Authority)
    }

    /// Judges what the host showed.
    pub(crate) fn judge(&self, name: &LookupName, offer: &Offer, now: SystemTime) -> Verdict {
        if let Some(place) = self.revoked(offer) {
            return Verdict::Revoked { place };
        }
        match offer {
            Offer::Key { key_type, key } => self.judge_key(key_type, key),
            Offer::Certificate(certificate) => match self.judge_certificate(name, certificate, now) {
                Ok(()) => Verdict::Known,
                Err(reason) => Verdict::BadCertificate { reason },
            },
        }
    }

    fn judge_key(&self, key_type: &str, key: &[u8]) -> Verdict {
        if self.keys().any(|record| record.entry.key == key) {
            return Verdict::Known;
        }
        // Of several that differ the one of the same type says most.
        let same_type = self.keys().find(|record| record.entry.key_type == key_type);
        if let Some(record) = same_type.or_else(|| self.keys().next()) {
            return Verdict::Changed { place: record.place.clone(), recorded: fingerprint(&record.entry.key) };
        }
        let good_for_any_port =
            self.without_port.iter().any(|record| record.entry.marker == Marker::Key && record.entry.key == key);
        if good_for_any_port { Verdict::Known } else { Verdict::Unknown }
    }

    /// A certificate replaces the key check: the key inside is one that nobody vouched for otherwise.
    fn judge_certificate(&self, name: &LookupName, certificate: &Certificate, now: SystemTime) -> Result<(), String> {
        let authority = wire(certificate.signature_key());
        let trusted =
            self.all().any(|record| record.entry.marker == Marker::Authority && record.entry.key == authority);
        if !trusted {
            return Err(format!(
                "its certificate is signed by {}, which is no authority on record for it",
                fingerprint(&authority)
            ));
        }
        if certificate.verify_signature().is_err() {
            return Err("the signature of its certificate is wrong".to_owned());
        }
        if certificate.cert_type() != CertType::Host {
            return Err("its certificate is one for users, not for hosts".to_owned());
        }
        // OpenSSH once took a certificate without names for one of any host (CVE-2024-7594 is of the same kind).
        let principals: Vec<Pattern> = certificate
            .valid_principals()
            .iter()
            .map(|principal| Pattern { negated: false, text: principal.to_ascii_lowercase() })
            .collect();
        if !list_matches(&principals, &name.principal) {
            return Err(format!("its certificate does not name `{}`", name.principal));
        }
        if !certificate.critical_options().is_empty() {
            return Err("its certificate has a critical option that is not known".to_owned());
        }
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if now < certificate.valid_after() {
            return Err("its certificate is not valid yet".to_owned());
        }
        if now >= certificate.valid_before() {
            return Err("its certificate has expired".to_owned());
        }
        Ok(())
    }

    fn revoked(&self, offer: &Offer) -> Option<Place> {
        let keys = match offer {
            Offer::Key { key, .. } => vec![key.clone()],
            Offer::Certificate(certificate) => vec![wire(certificate.public_key()), wire(certificate.signature_key())],
        };
        self.all()
            .find(|record| record.entry.marker == Marker::Revoked && keys.contains(&record.entry.key))
            .map(|record| record.place.clone())
    }

    fn keys(&self) -> impl Iterator<Item = &Record> {
        self.named.iter().filter(|record| record.entry.marker == Marker::Key)
    }

    fn all(&self) -> impl Iterator<Item = &Record> {
        self.named.iter().chain(&self.without_port)
    }
}

/// A key as it goes over the wire.
fn wire(key: &KeyData) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode(&mut bytes).expect("a vector takes every key");
    bytes
}
