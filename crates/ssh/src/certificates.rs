use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runsheet_model::format_duration;
use russh::keys::Certificate;
use russh::keys::ssh_key::certificate::CertType;
use rustix::fs::{Mode, OFlags};

use crate::read_once::ReadOnce;
use crate::unreachable::io_text;

/// Larger than any certificate, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The user certificates of a run, each file read once.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: ReadOnce<CertificateFile>,
}

/// What a certificate file is good for.
#[derive(Clone, Debug)]
pub(crate) enum CertificateFile {
    /// It can be shown to a host, as far as one can tell from here.
    Usable(Arc<Certificate>),
    /// It is not there.
    Missing,
    /// No host would take it.
    Unfit(Unfit),
    /// It cannot be used, for this reason.
    Unusable(String),
}

/// Why no host would take a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is one for hosts.
    ForHosts,
    /// It is valid only from then on; nobody can tell when that is if it is too far away.
    NotYetValid(Option<SystemTime>),
    /// It was valid until then.
    Expired(SystemTime),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = SystemTime::now();
        match self {
            Self::ForHosts => f.write_str("it is a certificate for hosts, not for users"),
            Self::NotYetValid(Some(from)) => {
                let wait = from.duration_since(now).unwrap_or_default();
                write!(f, "the certificate is valid only in {}", format_duration(wait))
            }
            Self::NotYetValid(None) => f.write_str("the certificate is not valid yet"),
            Self::Expired(at) => {
                let since = now.duration_since(*at).unwrap_or_default();
                write!(f, "the certificate expired {} ago", format_duration(since))
            }
        }
    }
}

impl Certificates {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { files: ReadOnce::new(limit) }
    }

    /// Returns what a file is good for.
    pub(crate) async fn load(&self, path: &Path) -> CertificateFile {
        match self.files.get(path, read, CertificateFile::Unusable).await {
            CertificateFile::Usable(certificate) => match unfit(&certificate, SystemTime::now()) {
                None => CertificateFile::Usable(certificate),
                Some(unfit) => CertificateFile::Unfit(unfit),
            },
            other => other,
        }
    }
}

/// Where the certificate of a key is looked for when none is named: `KEY-cert.pub`.
pub(crate) fn beside(key: &Path) -> PathBuf {
    let mut path = key.as_os_str().to_owned();
    path.push("-cert.pub");
    path.into()
}

/// Why no host would take a certificate, if that can be told from here. Whom it names is for the host to judge.
pub(crate) fn unfit(certificate: &Certificate, now: SystemTime) -> Option<Unfit> {
    if certificate.cert_type() != CertType::User {
        return Some(Unfit::ForHosts);
    }
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if seconds < certificate.valid_after() {
        let from = UNIX_EPOCH.checked_add(Duration::from_secs(certificate.valid_after()));
        return Some(Unfit::NotYetValid(from));
    }
    if seconds >= certificate.valid_before() {
        return Some(Unfit::Expired(UNIX_EPOCH + Duration::from_secs(certificate.valid_before())));
    }
    None
}

fn read(path: &Path) -> CertificateFile {
    match text(path) {
        Ok(text) => match Certificate::from_openssh(text.trim()) {
            Ok(certificate) => CertificateFile::Usable(Arc::new(certificate)),
            Err(_) => CertificateFile::Unusable("it is not a certificate".to_owned()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => CertificateFile::Missing,
        Err(error) => CertificateFile::Unusable(io_text(&error)),
    }
}

fn text(path: &Path) -> io::Result<String> {
    // Opening a pipe would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}
