//! What the end-to-end tests stand on: the real sshd and real hosts, and no stand-in for either.

pub(crate) mod balancer;
pub(crate) mod fleet;
mod processes;
mod ssh;
pub(crate) mod sshd;
pub(crate) mod sshd_config;
