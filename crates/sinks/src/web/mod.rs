//! What goes to web addresses.

mod target;
mod webhook;

pub(crate) use webhook::Webhook;
pub use webhook::WebhookSettings;
