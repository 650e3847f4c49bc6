//! The inventory through its public face, on real files.

mod ansible;
mod differential;
mod example;
mod mistakes;
mod openssh;
mod patterns;
mod precedence;
mod reached;
mod ssh_config;
mod support;
