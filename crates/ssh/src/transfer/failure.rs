use std::io;

use runsheet_task::RemoteError;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;

use crate::server_text::server_text;
use crate::unreachable::io_text;

/// Why a transfer came to nothing. The target is as it was, or nobody knows.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The target is as it was.
    Untouched(String),
    /// What it is said to be otherwise.
    Other(RemoteError),
}

impl Failure {
    pub(crate) fn untouched(reason: impl Into<String>) -> Self {
        Self::Untouched(reason.into())
    }

    /// An answer of the host, or the lack of one, about what was tried.
    pub(crate) fn host(what: &str, error: &SftpError) -> Self {
        Self::Untouched(format!("{what}: {}", sftp_text(error)))
    }

    /// A failure of a file on this machine.
    pub(crate) fn local(what: &str, error: &io::Error) -> Self {
        Self::Untouched(format!("{what}: {}", io_text(error)))
    }

    /// A failure of something that is in what is transferred.
    pub(crate) fn within(self, name: &str) -> Self {
        match self {
            Self::Untouched(reason) => Self::Untouched(format!("`{}`: {reason}", server_text(name))),
            other @ Self::Other(_) => other,
        }
    }

    pub(crate) fn about(self, path: &str) -> RemoteError {
        match self {
            Self::Untouched(reason) => RemoteError::Transfer { path: server_text(path), reason },
            Self::Other(error) => error,
        }
    }
}

/// Whether the host answered at all, whatever it said.
pub(crate) fn is_answer(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(_))
}

pub(crate) fn is_absent(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

pub(crate) fn is_end(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::Eof)
}

fn sftp_text(error: &SftpError) -> String {
    match error {
        SftpError::Status(status) => match status.status_code {
            StatusCode::NoSuchFile => "no such file or folder".to_owned(),
            StatusCode::PermissionDenied => "permission denied".to_owned(),
            StatusCode::OpUnsupported => "the host cannot do that".to_owned(),
            // Whatever it is: version 3 of the protocol has no number for it.
            _ if status.error_message.is_empty() => "the host refused".to_owned(),
            _ => format!("the host says: {}", server_text(&status.error_message)),
        },
        SftpError::Timeout => "the host did not answer".to_owned(),
        // A stream that ended in the middle of something.
        SftpError::IO(_) | SftpError::UnexpectedBehavior(_) => "the connection was closed".to_owned(),
        other => server_text(&other.to_string()),
    }
}
