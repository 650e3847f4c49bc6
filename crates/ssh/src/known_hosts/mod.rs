//! The known_hosts files, by OpenSSH's rules (`sshd(8)`, section SSH_KNOWN_HOSTS FILE FORMAT).
//!
//! For the host key check. russh's own reader is not used: it takes a host whose key of another type is on record for an
//! unknown one, so that whoever stands in between need only offer another type; it knows neither `@revoked` nor
//! `@cert-authority` nor wildcards, and takes a file that cannot be read for an empty one.

mod entry;
mod error;
mod file;
mod learn;
mod names;
mod pattern;
mod records;
mod store;
mod unknown;

pub(crate) use entry::fingerprint;
pub(crate) use error::KnownHostsError;
pub(crate) use names::LookupName;
pub(crate) use records::{Offer, Records, Verdict};
pub(crate) use store::KnownHosts;
pub use unknown::{UnknownKey, recorded_name};
