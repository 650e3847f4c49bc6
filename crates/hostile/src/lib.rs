//! Hosts and networks that mean harm, for the tests.
//!
//! [`Proxy`] is a network: it delays, throttles, stalls, cuts and falsifies what it carries. [`HostileHost`] is a host: it
//! hands each connection to a script, which talks through a [`Peer`]. A peer speaks just enough SSH to let somebody in, and
//! sends whatever the script wants, because a server library would not let it: packets that are too long, messages that
//! nobody asked for, channels that were never opened. [`FilePeer`] does the same for SFTP.
//!
//! Only tests depend on this crate. It is no server for anybody else: it lets everybody in.

mod cipher;
mod file_peer;
mod host;
mod host_key;
mod kex;
mod packets;
mod peer;
mod proxy;
mod session;
pub mod wire;

pub use file_peer::{FilePeer, FileRequest};
pub use host::{HostileHost, Script};
pub use peer::Peer;
pub use proxy::{Direction, Fault, Proxy, Traffic};
pub use session::Session;
