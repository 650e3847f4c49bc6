use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::LocalFile;

/// Work on the machine that runs runsheet, for tasks that look at a host from outside.
#[async_trait]
pub trait Local: Send + Sync {
    /// Fetches a page. Redirects are not followed; the body is cut at 64 KiB.
    async fn http_get(&self, url: &str, limit: Duration) -> Result<HttpAnswer, LocalError>;

    /// Opens a TCP connection and closes it again.
    async fn connect(&self, address: &str, port: u16, limit: Duration) -> Result<(), LocalError>;

    /// Reads a file to its end and hashes it.
    async fn hash_file(&self, path: &Path, limit: Duration) -> Result<LocalFile, LocalError>;
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
    /// It could not be reached or made no sense.
    #[error("failed to reach {what}: {reason}")]
    Failed {
        /// A URL or an address with its port.
        what: String,
        /// Why.
        reason: String,
    },
}
