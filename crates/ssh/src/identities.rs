use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::Secret;
use russh::keys::{Algorithm, PrivateKey, PublicKey, decode_secret_key};
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use crate::read_once::ReadOnce;
use crate::unreachable::io_text;

/// Said of an OpenSSH key that is not read. ssh-key 0.7.0-rc.11 wants at least 32 bytes for the number of an ECDSA key, and one
/// key in 256 has fewer (an mpint has no leading zeros, RFC 4251 §5).
const UNREAD: &str =
    "it is damaged, or one of the few ECDSA keys that runsheet cannot read: load it into the agent, or make another";

/// Larger than any key, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The identity files of a run, each read and decoded once.
#[derive(Debug)]
pub(crate) struct Identities {
    files: ReadOnce<Identity>,
}

/// What an identity file is good for.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// A key that can be used.
    Key(Arc<PrivateKey>),
    /// The public half of a key whose private half only an agent may have.
    Public(PublicKey),
    /// A key that is encrypted, and its public half where that can be read.
    Locked(Option<PublicKey>),
    /// Nothing: neither it nor the public file beside it is there.
    Missing,
    /// Nothing, for this reason.
    Unusable(String),
}

impl Identities {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { files: ReadOnce::new(limit) }
    }

    /// Returns what a file is good for.
    pub(crate) async fn load(&self, path: &Path) -> Identity {
        self.files.get(path, read, Identity::Unusable).await
    }

    /// Decrypts a file, so that it is good for all that its key is good for. Returns whether the passphrase was right.
    pub(crate) async fn unlock(&self, path: &Path, passphrase: Secret<String>) -> bool {
        let owned = path.to_owned();
        // It takes a quarter of a second on purpose, and is done once for all hosts.
        let decrypting = tokio::task::spawn_blocking(move || decrypt(&owned, &passphrase));
        let Ok(Some(key)) = decrypting.await else { return false };
        self.files.put(path, Identity::Key(Arc::new(key)));
        true
    }
}

fn decrypt(path: &Path, passphrase: &Secret<String>) -> Option<PrivateKey> {
    let text = read_private(path).ok()?;
    decode_secret_key(&text, Some(passphrase.expose())).ok()
}

fn read(path: &Path) -> Identity {
    let text = match read_private(path) {
        Ok(text) => text,
        Err(Refused::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return public_beside(path).map_or(Identity::Missing, Identity::Public);
        }
        Err(Refused::Io(error)) => return Identity::Unusable(io_text(&error)),
        Err(Refused::Because(reason)) => return Identity::Unusable(reason),
    };
    match decode_secret_key(&text, None) {
        // What is in the file of a security key is a name by which the device knows the key: only an agent can talk to it.
        Ok(key) if is_on_device(key.public_key()) => Identity::Public(key.public_key().clone()),
        Ok(key) => Identity::Key(Arc::new(key)),
        Err(russh::keys::Error::KeyIsEncrypted) => match PrivateKey::from_openssh(text.as_bytes()) {
            Ok(key) if is_on_device(key.public_key()) => Identity::Public(key.public_key().clone()),
            Ok(key) => Identity::Locked(Some(key.public_key().clone())),
            // Older formats encrypt the public half as well.
            Err(_) => Identity::Locked(public_beside(path)),
        },
        // OpenSSH takes the public file for one whose private half the agent has.
        Err(_) => match PublicKey::from_openssh(text.trim()) {
            Ok(key) => Identity::Public(key),
            Err(_) if text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") => Identity::Unusable(UNREAD.to_owned()),
            Err(_) => Identity::Unusable("it is not a private key".to_owned()),
        },
    }
}

/// Whether the private half of a key never leaves a device (FIDO).
pub(crate) fn is_on_device(key: &PublicKey) -> bool {
    matches!(key.algorithm(), Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256)
}

enum Refused {
    Io(io::Error),
    Because(String),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, Refused> {
    // Opening a pipe would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from)?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Refused::Because("it is not a file".to_owned()));
    }
    let is_public = path.extension().is_some_and(|extension| extension == "pub");
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 && !is_public {
        let reason = format!("others may read it (mode {mode:04o}); chmod 600 {}", path.display());
        return Err(Refused::Because(reason));
    }
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::getuid().as_raw() {
        return Err(Refused::Because("it belongs to somebody else".to_owned()));
    }
    if metadata.len() > LARGEST {
        return Err(Refused::Because("it is too large for a key".to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn public_beside(path: &Path) -> Option<PublicKey> {
    let mut public = path.as_os_str().to_owned();
    public.push(".pub");
    PublicKey::read_openssh_file(Path::new(&public)).ok()
}
