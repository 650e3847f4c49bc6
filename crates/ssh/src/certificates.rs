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
    /// It cannot be used, for this reason.
    Unusable(String),
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
                Some(reason) => CertificateFile::Unusable(reason),
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
pub(crate) fn unfit(certificate: &Certificate, now: SystemTime) -> Option<String> {
    if certificate.cert_type() != CertType::User {
        return Some("it is a certificate for hosts, not for users".to_owned());
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if now < certificate.valid_after() {
        let wait = Duration::from_secs(certificate.valid_after() - now);
        return Some(format!("the certificate is valid only in {}", format_duration(wait)));
    }
    if now >= certificate.valid_before() {
        let since = Duration::from_secs(now - certificate.valid_before());
        return Some(format!("the certificate expired {} ago", format_duration(since)));
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
