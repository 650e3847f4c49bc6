//! Which hosts there are, how a person names some of them, and how each is reached.
//!
//! An [`Inventory`] is loaded from host groups (our own YAML, or an Ansible YAML inventory as it is). A [`Selection`] turns a
//! pattern such as `web[01-20],@solr,!solr03` into hosts. [`Inventory::resolve`] is the only way to get an endpoint: it weighs
//! flags, host groups and the user's [`SshConfig`] against each other. The program, the plan and the practice fleet call it.
//!
//! It never opens a connection, never looks at the environment or the clock, and reads no file but the host groups and the
//! ssh_config files that it is told to load. It starts no program: where one is to be asked ([`MatchExec`], [`OpenSsh`]), it is
//! handed somebody who does.

mod ansible;
mod builder;
mod error;
mod explain;
mod file_mistake;
mod file_text;
mod fold;
mod glob;
mod hop;
mod inventory;
mod jump;
mod load;
mod native;
mod node;
mod pattern;
mod programs;
mod range;
mod reach;
mod resolve;
mod scope;
mod selection;
mod settings;
mod source;
mod ssh_config;
mod variables;

pub use error::InventoryError;
pub use explain::{Explained, ExplainedHop, ExplainedSetting};
pub use file_mistake::FileMistake;
pub use file_text::schema;
pub use fold::fold;
pub use inventory::Inventory;
pub use jump::JumpMistake;
pub use pattern::PatternMistake;
pub use programs::{MatchExec, OpenSsh};
pub use range::RangeMistake;
pub use reach::{Flags, Reach};
pub use selection::{ReadFile, Selection, expand_text};
pub use source::Source;
pub use ssh_config::{SshConfig, SshMistake};
pub use variables::Variables;

/// The port of SSH.
const SSH_PORT: u16 = 22;
