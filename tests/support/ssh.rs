//! The real ssh, told everything it needs, so that nothing of the user's own configuration or agent takes part.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A way to log in.
pub(super) struct Ssh<'a> {
    pub(super) identity: &'a Path,
    pub(super) known_hosts: &'a Path,
    pub(super) user: &'a str,
    pub(super) port: u16,
}

impl Ssh<'_> {
    /// Runs a command with empty standard input and returns what came of it; 255 is ssh's own failure.
    pub(super) fn run(&self, address: &str, command: &str) -> Output {
        Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10"])
            .args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", self.known_hosts.display()))
            .arg("-i")
            .arg(self.identity)
            .args(["-l", self.user, "-p", &self.port.to_string(), address, command])
            .stdin(Stdio::null())
            .output()
            .expect("ssh starts; scripts/install-test-packages installs it")
    }
}
