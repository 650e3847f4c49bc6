//! Connections: reaching a host, proving who it is, logging in, running commands, moving files.
//!
//! For the program, which hands an [`SshConnector`] to the runner; the runner and the tasks see no more of SSH than
//! `runsheet_task`'s `Connector` and `Remote`. This is the only crate that opens an SSH connection.
//!
//! It never accepts a host key that nobody vouched for, forwards the agent and accepts the channels for it only where it is told to, never accepts another
//! channel that a host opens, never asks for a terminal, never tries anything twice, and never reads the environment or the home folder:
//! paths come in by the endpoint. What a host says is made safe to print before it goes into any message.

mod agent;
mod algorithms;
mod announcement;
mod breaker;
mod certificates;
mod channel;
mod client;
mod connector;
mod credentials;
mod dial;
mod end_group;
mod exec;
mod forwarding;
mod handshake;
mod host_key;
mod identities;
mod jumps;
mod key_signer;
mod known_hosts;
mod link;
mod link_state;
mod login;
mod password;
mod proxy_command;
mod pty;
mod reach;
mod read_once;
mod remote;
mod resolver;
mod server_text;
mod settings;
mod socket;
mod software;
mod spare;
mod stop;
mod sudo_dialog;
mod survey;
mod transfer;
mod turned_away;
mod unreachable;
mod variables;

pub use certificates::Unfit;
pub use connector::SshConnector;
pub use known_hosts::{UnknownKey, recorded_name};
pub use settings::{Deadlines, Keepalive, SshSettings};
pub use survey::{LockedKey, Survey};
