//! The crate against the real sshd, ssh, ssh-keygen and ssh-agent, and against practice hosts.

mod bastions;
mod breaker;
mod certificates;
mod commands;
mod far;
mod folders;
mod forwarding;
mod host_keys;
mod hostile;
mod keys;
mod logins;
mod many_files;
mod practice;
mod proxy_command;
mod reaching;
mod rig;
mod security_keys;
mod servers;
mod ssh_options;
mod terminals;
mod transfers;

// The program's own test support, as far as it is about sshd.
#[path = "../../../../tests/support/processes.rs"]
mod processes;
#[path = "../../../../tests/support/ssh.rs"]
mod ssh;
#[path = "../../../../tests/support/sshd.rs"]
mod sshd;
#[path = "../../../../tests/support/sshd_config.rs"]
mod sshd_config;
