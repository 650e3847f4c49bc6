//! What goes to web addresses.

mod target;
mod webhook;

pub(crate) use target::{Reach, Target, check_address, check_headers};
pub(crate) use webhook::Webhook;
pub use webhook::WebhookSettings;
