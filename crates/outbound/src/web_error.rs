use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use runsheet_model::{format_chosen_duration, visible};
use thiserror::Error;

use crate::guarded_resolver::Forbidden;
use crate::unsent::nothing_was_sent;

/// Why nothing was heard from a web server. No part of the address that was given is in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebError {
    /// No answer in time; the request may have arrived.
    #[error("no answer within {}", format_chosen_duration(*.limit))]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// No connection came about: nothing was sent.
    #[error("{reason}")]
    Unreached {
        /// Why.
        reason: String,
    },
    /// The name leads to an address that is not of the public internet. Nothing was sent.
    #[error("it leads to {address}, which is {why}")]
    Forbidden {
        /// The address.
        address: IpAddr,
        /// What it is instead, such as `private`.
        why: &'static str,
    },
    /// The server does not prove that it is the one that was meant. Nothing was sent.
    #[error("its certificate is not trusted: {reason}")]
    Untrusted {
        /// Why.
        reason: String,
    },
    /// The conversation broke off.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

impl WebError {
    pub(crate) fn of(limit: Duration, error: ureq::Error) -> Self {
        use ureq::Timeout::{Connect, Resolve};
        match error {
            ureq::Error::Timeout(Connect | Resolve) => unreached("it takes no connection"),
            ureq::Error::Timeout(_) => Self::TimedOut { limit },
            // While a body is read, running out of time comes as an I/O error.
            ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => Self::TimedOut { limit },
            ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Forbidden>()) {
                Some(Forbidden { address, why }) => Self::Forbidden { address: *address, why },
                None if error.to_string().starts_with(UNTRUSTED) => untrusted(&error.to_string()),
                None if nothing_was_sent(&error) => unreached(&error.to_string()),
                None => failed(&error.to_string()),
            },
            ureq::Error::HostNotFound => unreached("there is no host of this name"),
            ureq::Error::BadUri(_) => unreached("it is no web address"),
            ureq::Error::Http(error) => unreached(&error.to_string()),
            error => failed(&error.to_string()),
        }
    }
}

/// How rustls begins what it says of a certificate.
const UNTRUSTED: &str = "invalid peer certificate: ";

fn untrusted(said: &str) -> WebError {
    let reason = said.strip_prefix(UNTRUSTED).unwrap_or(said);
    let reason = if reason == "UnknownIssuer" { "nobody who is trusted has signed it" } else { reason };
    WebError::Untrusted { reason: visible(reason.as_bytes()) }
}

fn unreached(reason: &str) -> WebError {
    WebError::Unreached { reason: visible(reason.as_bytes()) }
}

fn failed(reason: &str) -> WebError {
    WebError::Failed { reason: visible(reason.as_bytes()) }
}
