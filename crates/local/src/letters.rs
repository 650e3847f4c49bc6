use std::fs;
use std::time::Duration;

use runsheet_model::hex;
use runsheet_outbound::{Encryption, Letter, LetterError};
use runsheet_task::{LocalFile, Mail, MailEncryption};
use sha2::{Digest, Sha256};

/// Hands a mail of a task to its server, once.
pub(crate) fn send(mail: &Mail, limit: Duration) -> Result<(), LetterError> {
    let letter = Letter {
        server: mail.server.clone(),
        port: mail.port,
        encryption: match mail.encryption {
            MailEncryption::None => Encryption::None,
            MailEncryption::StartTls => Encryption::StartTls,
            MailEncryption::Tls => Encryption::Tls,
        },
        authority: mail.authority.as_ref().map(certificates).transpose()?,
        login: mail.login.clone(),
        from: mail.from.clone(),
        to: mail.to.clone(),
        subject: mail.subject.clone(),
        body: mail.body.clone(),
        id: mail.id.clone(),
    };
    letter.send(limit)
}

/// Reads certificates out of a file that has to be as it was when it was planned.
fn certificates(file: &LocalFile) -> Result<Vec<u8>, LetterError> {
    let wrong = |why: &str| LetterError::Wrong(format!("`{}` {why}", file.path.display()));
    let pem = fs::read(&file.path).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    if hex(&Sha256::digest(&pem)) == file.sha256 { Ok(pem) } else { Err(wrong("is another file than was planned")) }
}
