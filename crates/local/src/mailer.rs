use std::fs;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use runsheet_model::hex;
use runsheet_task::{LocalFile, Mail, MailEncryption};
use sha2::{Digest, Sha256};

use crate::unsent::nothing_was_sent;

/// What kept a mail from being taken.
pub(crate) enum MailError {
    /// No connection came about: nothing was sent.
    Unreached(String),
    /// It cannot be sent, or the server did not want it.
    Wrong(String),
    /// The server took too long.
    TimedOut,
}

/// Hands a mail to its server, once.
pub(crate) fn send(mail: &Mail, limit: Duration) -> Result<(), MailError> {
    let message = message(mail)?;
    let tls = match mail.encryption {
        MailEncryption::None => Tls::None,
        MailEncryption::StartTls => Tls::Required(parameters(mail)?),
        MailEncryption::Tls => Tls::Wrapper(parameters(mail)?),
    };
    let server = SmtpTransport::builder_dangerous(mail.server.as_str()).port(mail.port).tls(tls).timeout(Some(limit));
    let server = match &mail.login {
        Some((user, password)) => server.credentials(Credentials::new(user.clone(), password.expose().clone())),
        None => server,
    };
    server.build().send(&message).map(|_| ()).map_err(|error| explained(&error))
}

fn message(mail: &Mail) -> Result<Message, MailError> {
    let from = mailbox(&mail.from)?;
    let id = format!("<{}@{}>", mail.id, from.email.domain());
    // Whoever is on holiday should not answer to it (RFC 3834, §5).
    let by_a_program = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let mut message = Message::builder()
        .from(from)
        .subject(mail.subject.as_str())
        .message_id(Some(id))
        .raw_header(by_a_program)
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        message = message.to(mailbox(to)?);
    }
    message.body(mail.body.clone()).map_err(|error| MailError::Wrong(error.to_string()))
}

fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse().map_err(|_| MailError::Wrong(format!("`{text}` is no mail address")))
}

fn parameters(mail: &Mail) -> Result<TlsParameters, MailError> {
    let mut parameters = TlsParameters::builder(mail.server.clone());
    if let Some(authority) = &mail.authority {
        parameters = parameters.add_root_certificate(certificates(authority)?);
    }
    parameters.build().map_err(|error| MailError::Wrong(error.to_string()))
}

/// Reads certificates out of a file that has to be as it was when it was planned.
fn certificates(file: &LocalFile) -> Result<Certificate, MailError> {
    let wrong = |why: &str| MailError::Wrong(format!("`{}` {why}", file.path.display()));
    let pem = fs::read(&file.path).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    if hex(&Sha256::digest(&pem)) != file.sha256 {
        return Err(wrong("is another file than was planned"));
    }
    Certificate::from_pem(&pem).map_err(|_| wrong("holds no certificates in PEM"))
}

fn explained(error: &lettre::transport::smtp::Error) -> MailError {
    if error.is_timeout() {
        return MailError::TimedOut;
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<std::io::Error>()
            && nothing_was_sent(error)
        {
            return MailError::Unreached(error.to_string());
        }
        source = cause.source();
    }
    MailError::Wrong(error.to_string())
}
