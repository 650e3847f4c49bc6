//! The words of runsheet as types: names, endpoints, outcomes, states, times, variables and secrets.
//!
//! Everybody imports this crate and it imports nobody of ours. It holds data and its rules; it never reads a file,
//! a clock or the environment, and never opens a connection.

mod duration;
mod endpoint;
mod host_locks;
mod host_name;
mod lock_holder;
mod mask;
mod names;
mod outcome;
mod pace;
mod run_id;
mod secret;
mod share;
mod ssh_options;
mod state;
mod switch;
mod text;
pub mod unix_ms;
mod vars;

pub use duration::{DurationError, duration_ms, format_chosen_duration, format_duration, parse_duration};
pub use endpoint::{Endpoint, Hop, HostKeyMode, HostKeys};
pub use host_locks::HostLocks;
pub use host_name::{HostName, NameError, valid_host, valid_user};
pub use lock_holder::LockHolder;
pub use mask::{MASK, Mask, MaskError, MaskStream};
pub use names::{SecretName, SinkName, StepId, TaskName, slug};
pub use outcome::{Debt, Outcome};
pub use pace::{Pace, PaceError};
pub use run_id::RunId;
pub use secret::Secret;
pub use share::{Share, ShareError};
pub use ssh_options::{
    AddressFamily, AgentForwarding, AlgorithmChoice, CIPHERS, HOST_KEYS, KEY_EXCHANGES, MACS, SshOptions,
};
pub use state::{Failure, LostReason, Phase, State, Stream, Unreachable};
pub use switch::Switch;
pub use text::{hex, nameless, plural, shortened, visible};
pub use vars::Vars;
