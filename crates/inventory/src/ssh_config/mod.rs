//! The user's ssh_config, read as OpenSSH reads it (`ssh_config(5)`, `readconf.c`): only what says how a host is reached.

mod algorithms;
mod block;
mod config;
mod dump;
mod evaluate;
mod include;
mod keywords;
mod line;
mod match_line;
mod mistake;
mod options;
mod parse;
mod setting;
mod tokens;
mod variables;

pub use config::SshConfig;
pub use mistake::SshMistake;

pub(crate) use algorithms::Algorithms;
pub(crate) use config::Question;
pub(crate) use dump::read_dump;
pub(crate) use evaluate::spelled;
pub(crate) use options::Options;
pub(crate) use tokens::{Tokens, tilde, value_of};
pub(crate) use variables::{kept_patterns, selected};
