//! A practice fleet: SSH servers in this process, one loopback address a host, that really run commands with `/bin/sh`.
//!
//! `runsheet demo`, rehearsals and the project's own tests run deploys on it; people test their own tasks with it. Each
//! host has a home folder of its own, serves exec, SFTP and `direct-tcpip` (so that it can be a jump host), and can be told
//! to misbehave with a [`Fault`], as real hosts do. The hosts of a fleet that only plays ([`FleetBuilder::played`]) run no command:
//! each is answered with its [`Part`].
//!
//! It listens on addresses of 127.77.0.0/16 only, lets in nobody but the holder of its own freshly made key, and forwards
//! to loopback addresses only. It is no sandbox: commands run as the user who started it, with that user's rights. It
//! never shows anything on the terminal and never reads the environment for a host's commands.

mod builder;
mod connection;
mod error;
mod exec;
mod fault;
mod fleet;
mod fleet_state;
mod folder;
mod forward;
mod host;
mod host_state;
mod keys;
mod listener;
mod open_files;
mod outlet;
mod part;
mod played;
mod process_groups;
mod scenario;
mod session_channel;
mod sftp;
mod sftp_files;
mod signal;
mod wire;

pub use builder::FleetBuilder;
pub use error::PracticeError;
pub use fault::Fault;
pub use fleet::Fleet;
pub use host::PracticeHost;
pub use open_files::raise_open_files;
pub use part::{Part, PartEnd};
