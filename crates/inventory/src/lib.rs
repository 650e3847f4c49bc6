//! Which hosts there are, how a person names some of them, and how each is reached.
//!
//! An [`Inventory`] is loaded from host groups (our own YAML, or an Ansible YAML inventory as it is). A [`Selection`] turns a
//! pattern such as `web[01-20],@solr,!solr03` into hosts. [`Inventory::resolve`] is the only way to get an endpoint: it weighs
//! flags, host groups and the user's [`SshConfig`] against each other. The program, the plan and the practice fleet call it.
//!
//! It never opens a connection, never looks at the environment or the clock, never starts a program, and reads no file but
//! the host groups and the ssh_config files that it is told to load.

mod ansible;
mod builder;
mod error;
mod file_mistake;
mod file_text;
mod fold;
mod glob;
mod inventory;
mod jump;
mod load;
mod native;
mod node;
mod pattern;
mod range;
mod reach;
mod resolve;
mod scope;
mod selection;
mod settings;
mod ssh_config;

pub use error::InventoryError;
pub use file_mistake::FileMistake;
pub use file_text::schema;
pub use fold::fold;
pub use inventory::Inventory;
pub use jump::JumpMistake;
pub use pattern::PatternMistake;
pub use range::RangeMistake;
pub use reach::{Flags, Reach};
pub use selection::{ReadFile, Selection, expand_text};
pub use ssh_config::{SshConfig, SshMistake};
