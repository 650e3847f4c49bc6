use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use runsheet_model::Secret;

use crate::unsent::nothing_was_sent;

/// A mail, and the server that takes it. Nothing in it is trusted to be one line.
#[derive(Clone)]
pub struct Letter {
    /// The server's name or address; its certificate has to be for this.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is encrypted.
    pub encryption: Encryption,
    /// Who signs that it is the server, beside those whom everybody trusts: certificates in PEM.
    pub authority: Option<Vec<u8>>,
    /// User and password.
    pub login: Option<(String, Secret<String>)>,
    /// Who says it, such as `Releases <releases@example.com>`.
    pub from: String,
    /// Whom to.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// What makes it this mail and no other, the world over: the part of its `Message-ID` before the `@`.
    pub id: String,
}

/// How the way to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// After a first word; a server that does not offer it gets no mail.
    StartTls,
    /// From the start.
    Tls,
}

/// What kept a mail from being taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterError {
    /// No connection came about: nothing was sent.
    Unreached(String),
    /// The server does not take it now, and may later.
    NotNow(String),
    /// It cannot be sent, or the server did not want it.
    Wrong(String),
    /// The server took too long.
    TimedOut,
}

impl Letter {
    /// Hands it to its server, once. Each thing that the server is asked may take `limit`.
    pub fn send(&self, limit: Duration) -> Result<(), LetterError> {
        let message = self.message()?;
        let tls = match self.encryption {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(self.parameters()?),
            Encryption::Tls => Tls::Wrapper(self.parameters()?),
        };
        let server = SmtpTransport::builder_dangerous(self.server.as_str()).port(self.port).tls(tls);
        let server = match &self.login {
            Some((user, password)) => server.credentials(Credentials::new(user.clone(), password.expose().clone())),
            None => server,
        };
        let server = server.timeout(Some(limit)).build();
        server.send(&message).map(|_| ()).map_err(|error| explained(&error))
    }

    fn message(&self) -> Result<Message, LetterError> {
        let from = mailbox(&self.from)?;
        let id = format!("<{}@{}>", self.id, from.email.domain());
        // Whoever is on holiday should not answer to it (RFC 3834, §5).
        let by_a_program =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let mut message = Message::builder()
            .from(from)
            .subject(self.subject.as_str())
            .message_id(Some(id))
            .raw_header(by_a_program)
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(mailbox(to)?);
        }
        message.body(self.body.clone()).map_err(|error| LetterError::Wrong(error.to_string()))
    }

    fn parameters(&self) -> Result<TlsParameters, LetterError> {
        let mut parameters = TlsParameters::builder(self.server.clone());
        if let Some(authority) = &self.authority {
            let certificate = Certificate::from_pem(authority)
                .map_err(|_| LetterError::Wrong("the authority holds no certificates in PEM".to_owned()))?;
            parameters = parameters.add_root_certificate(certificate);
        }
        parameters.build().map_err(|error| LetterError::Wrong(error.to_string()))
    }
}

fn mailbox(text: &str) -> Result<Mailbox, LetterError> {
    text.parse().map_err(|_| LetterError::Wrong(format!("`{text}` is no mail address")))
}

fn explained(error: &lettre::transport::smtp::Error) -> LetterError {
    if error.is_timeout() {
        return LetterError::TimedOut;
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<std::io::Error>()
            && nothing_was_sent(error)
        {
            return LetterError::Unreached(error.to_string());
        }
        source = cause.source();
    }
    if error.is_transient() { LetterError::NotNow(error.to_string()) } else { LetterError::Wrong(error.to_string()) }
}
