//! Notifications: people are told that a run starts, that their step is next, that they are waited for, what failed, and how it ended.

mod channel;
mod notice;
mod notifier;
mod occasion;
mod settings;
mod texts;
mod upcoming;
mod watch;

pub use occasion::Occasion;
pub use settings::{MailEncryption, MailSettings, NotifySettings, NotifyWebhookSettings, Person, SlackSettings};
