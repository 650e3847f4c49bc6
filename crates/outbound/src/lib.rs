//! What runsheet itself sends to others: web requests, and mail.
//!
//! A [`WebClient`] asks no proxy, follows no redirect, keeps no connection and reads at most 64 KiB of an answer; one that is `public_only`
//! connects to no address of this machine or of a private network, whatever a name resolves to. A [`Letter`] goes to its mail
//! server. Both block, within a limit. Neither is ever driven by what a host said: addresses are the operator's.
//!
//! Nothing here retries, prints, or puts an address or an answer into a message: both can hold a secret.

mod address_rule;
mod guarded_resolver;
mod letter;
mod unsent;
mod web_client;
mod web_error;

pub use address_rule::why_not_public;
pub use guarded_resolver::Lookup;
pub use letter::{Encryption, Letter, LetterError};
pub use unsent::nothing_was_sent;
pub use web_client::{WebAnswer, WebClient, WebRequest};
pub use web_error::WebError;
