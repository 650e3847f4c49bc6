//! The keys of a fleet: one that logs in everywhere, and one a host.

use std::fmt::Write;
use std::net::SocketAddr;

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::{self, LineEnding};
use russh::keys::{Algorithm, PrivateKey, PublicKey};

use crate::PracticeError;

/// Makes a fresh ed25519 key.
pub(crate) fn new_key() -> Result<PrivateKey, PracticeError> {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).map_err(key_error)
}

/// Writes the login key to the path, for its owner only.
pub(crate) fn write_identity(key: &PrivateKey, path: &std::path::Path) -> Result<(), PracticeError> {
    key.write_openssh_file(path, LineEnding::LF).map_err(key_error)
}

/// Appends a line of the form that `known_hosts` has (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
pub(crate) fn add_known_host(
    known_hosts: &mut String,
    address: SocketAddr,
    key: &PublicKey,
) -> Result<(), PracticeError> {
    let key = key.to_openssh().map_err(key_error)?;
    let (ip, port) = (address.ip(), address.port());
    let written = match port {
        22 => writeln!(known_hosts, "{ip} {key}"),
        _ => writeln!(known_hosts, "[{ip}]:{port} {key}"),
    };
    written.map_err(|_| key_error(ssh_key::Error::FormatEncoding))
}

fn key_error(source: ssh_key::Error) -> PracticeError {
    PracticeError::Key { source }
}
