use std::time::Duration;

use runsheet_model::{format_chosen_duration, plural, shortened};
use thiserror::Error;

/// How much of what Google said is told, in characters.
const SAID: usize = 300;

/// Why a Google Sheet could not be read or written. Neither key nor token is in any of them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GoogleError {
    /// The text is not the id of a spreadsheet.
    #[error("`{text}` is not the id of a Google Sheet")]
    NotAnId {
        /// The text.
        text: String,
    },
    /// The key file of the service account cannot be used.
    #[error("the key of the service account cannot be used: {why}")]
    BadKey {
        /// Why not.
        why: String,
    },
    /// A token would travel where others can read it.
    #[error("`{url}` is neither `https` nor on this machine")]
    Insecure {
        /// Where it would be sent.
        url: String,
    },
    /// The proxy cannot be used.
    #[error("`{proxy}` is not a proxy")]
    BadProxy {
        /// What was given.
        proxy: String,
    },
    /// The service account was not let in.
    #[error("Google does not let `{email}` in: {said}")]
    NotLetIn {
        /// The service account.
        email: String,
        /// What Google said.
        said: String,
    },
    /// The service account may not do that.
    #[error("`{email}` may not open or change this Google Sheet: {said}")]
    Forbidden {
        /// The service account.
        email: String,
        /// What Google said.
        said: String,
    },
    /// There is no such spreadsheet.
    #[error("there is no Google Sheet `{id}`")]
    NotFound {
        /// Its id.
        id: String,
    },
    /// The quota is used up, and was not filled again in time.
    #[error("the quota of the Google Sheets API is used up, after {}: {said}", plural(*tries, "attempt"))]
    Quota {
        /// How often it was tried.
        tries: usize,
        /// What Google said.
        said: String,
    },
    /// Google is out of order, again and again.
    #[error("Google answers with {status}, after {}: {said}", plural(*tries, "attempt"))]
    OutOfOrder {
        /// The status.
        status: u16,
        /// How often it was tried.
        tries: usize,
        /// What it said.
        said: String,
    },
    /// Google refused the request.
    #[error("Google refused the request with {status}: {said}")]
    Refused {
        /// The status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// There was no answer in time.
    #[error("no answer from `{server}` within {}", format_chosen_duration(*limit))]
    TimedOut {
        /// Who was asked.
        server: String,
        /// How long was waited, over all tries.
        limit: Duration,
    },
    /// Google cannot be reached.
    #[error("`{server}` cannot be reached: {why}")]
    Unreached {
        /// Who was asked.
        server: String,
        /// Why not.
        why: String,
    },
    /// The answer is larger than anything that a deploy sheet needs.
    #[error("the answer is larger than {} MiB", bytes >> 20)]
    TooLarge {
        /// The largest size, in bytes.
        bytes: u64,
    },
    /// The answer is not what the API documents.
    #[error("the answer of `{server}` cannot be understood: {why}")]
    Unclear {
        /// Who answered.
        server: String,
        /// Why not.
        why: String,
    },
}

impl GoogleError {
    pub(crate) fn not_an_id(text: &str) -> Self {
        Self::NotAnId { text: said(text) }
    }

    pub(crate) fn bad_key(why: impl Into<String>) -> Self {
        Self::BadKey { why: why.into() }
    }

    /// What would help, if anything would.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnId { .. } => {
                Some("it is what stands between `/d/` and `/edit` in the address of the sheet".to_owned())
            }
            Self::BadKey { .. } => Some(
                "it is the JSON file that Google Cloud gives for a service account (IAM, Service accounts, Keys)"
                    .to_owned(),
            ),
            Self::NotLetIn { said, .. } if said.contains("JWT") => {
                Some("look whether the clock of this machine is right, and whether the key was deleted".to_owned())
            }
            Self::Forbidden { said, .. }
                if said.contains("has not been used in project") || said.contains("disabled") =>
            {
                Some("switch the Google Sheets API on in the project of the service account".to_owned())
            }
            Self::Forbidden { email, .. } => Some(format!("share the sheet with {email}, as an editor")),
            Self::NotFound { .. } => Some("look at its id, and whether it was deleted".to_owned()),
            Self::Quota { .. } => Some(
                "quotas are filled each minute; other programs of this service account use the same one".to_owned(),
            ),
            Self::NotLetIn { .. }
            | Self::Insecure { .. }
            | Self::BadProxy { .. }
            | Self::OutOfOrder { .. }
            | Self::Refused { .. }
            | Self::TimedOut { .. }
            | Self::Unreached { .. }
            | Self::TooLarge { .. }
            | Self::Unclear { .. } => None,
        }
    }
}

/// What somebody else said, fit for a message.
pub(crate) fn said(text: &str) -> String {
    shortened(text, SAID)
}
