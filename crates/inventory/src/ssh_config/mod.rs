//! The user's ssh_config, read as OpenSSH reads it (`ssh_config(5)`, `readconf.c`): only what says how a host is reached.

mod block;
mod config;
mod include;
mod keywords;
mod line;
mod mistake;
mod options;
mod parse;
mod setting;
mod tokens;

pub use config::SshConfig;
pub use mistake::SshMistake;

pub(crate) use config::Question;
pub(crate) use options::Options;
pub(crate) use tokens::{Tokens, tilde};
