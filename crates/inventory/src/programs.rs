use std::fmt::Debug;
use std::sync::Arc;

/// Runs the commands of `Match exec`; given by the program, where `runsheet.yaml` allows it.
pub trait MatchExec: Debug + Send + Sync {
    /// Runs a command by the user's shell and tells whether it ended with 0, or why it came to no end of its own.
    fn holds(&self, command: &str) -> Result<bool, String>;
}

/// Asks the OpenSSH client how it would reach a host (`ssh -G`); given by the program, where it is to read ssh_config in our place.
pub trait OpenSsh: Debug + Send + Sync {
    /// What it prints for a host, if something that beats ssh_config says a login name or a port: with these.
    fn settings(&self, host: &str, user: Option<&str>, port: Option<u16>) -> Result<Arc<str>, String>;

    /// What it prints where no file says anything.
    fn defaults(&self) -> Result<Arc<str>, String>;
}
