use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use runsheet_model::Secret;
use thiserror::Error;

use crate::{LocalFile, SeenFile};

/// Work on the machine that runs runsheet, for tasks that look at a host from outside, or tell somebody.
#[async_trait]
pub trait Local: Send + Sync {
    /// Makes one HTTP request. Redirects are not followed; the body of the answer is cut at 64 KiB.
    async fn http(&self, request: &HttpRequest, limit: Duration) -> Result<HttpAnswer, LocalError>;

    /// Fetches a page.
    async fn http_get(&self, url: &str, limit: Duration) -> Result<HttpAnswer, LocalError> {
        self.http(&HttpRequest::get(url), limit).await
    }

    /// Hands a mail to an SMTP server, once.
    async fn mail(&self, mail: &Mail, limit: Duration) -> Result<(), LocalError>;

    /// Opens a TCP connection and closes it again.
    async fn connect(&self, address: &str, port: u16, limit: Duration) -> Result<(), LocalError>;

    /// Reads a file to its end and hashes it.
    async fn hash_file(&self, path: &Path, limit: Duration) -> Result<LocalFile, LocalError>;

    /// Hashes a file that was only seen: SHA-256 in hexadecimal. It is an error if it is not any more what it was. However many ask, it is read once.
    async fn hash_seen(&self, file: &SeenFile, limit: Duration) -> Result<String, LocalError> {
        Ok(self.hash_file(&file.path, limit).await?.sha256)
    }
}

/// What a web server is asked. Who may not see it finds only `called` in messages.
#[derive(Clone)]
pub struct HttpRequest {
    /// Such as `GET`.
    pub method: &'static str,
    /// Where. Also the address can be what lets in.
    pub url: Secret<String>,
    /// What the address is called in messages.
    pub called: String,
    /// Name and value.
    pub headers: Vec<(String, Secret<String>)>,
    /// What is sent with it.
    pub body: Option<Secret<Vec<u8>>>,
}

impl HttpRequest {
    /// A page that is fetched, and is called by its address.
    pub fn get(url: &str) -> Self {
        Self {
            method: "GET",
            url: Secret::new(url.to_owned()),
            called: url.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }
}

/// A mail, and the server that takes it. Nothing in it is trusted to be one line.
#[derive(Clone)]
pub struct Mail {
    /// The server's name or address; its certificate has to be for this.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is encrypted.
    pub encryption: MailEncryption,
    /// Who signs that it is the server, beside those whom everybody trusts: a file of certificates in PEM.
    pub authority: Option<LocalFile>,
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
pub enum MailEncryption {
    /// Not at all.
    None,
    /// After a first word (`STARTTLS`, RFC 3207); not at all is a failure.
    StartTls,
    /// From the start (RFC 8314).
    Tls,
}

/// What a web server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Its status code.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
}

/// Why nothing was heard.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocalError {
    /// A file cannot be read.
    #[error("failed to read `{path}`: {reason}")]
    File {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
    /// No answer in time.
    #[error("no answer from {what} within {limit:?}")]
    TimedOut {
        /// A URL or an address with its port.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// It could not be reached: nothing was sent.
    #[error("failed to reach {what}: {reason}")]
    Unreached {
        /// A URL or an address with its port.
        what: String,
        /// Why.
        reason: String,
    },
    /// It was reached, or may have been, and made no sense, or said no.
    #[error("no good answer from {what}: {reason}")]
    Failed {
        /// A URL or an address with its port.
        what: String,
        /// Why.
        reason: String,
    },
}
