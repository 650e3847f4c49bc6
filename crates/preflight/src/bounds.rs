use std::time::Duration;

/// What hosts have to keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How much has to be free in `/`, `/tmp` and the login folder, in bytes. Default: 100 MiB.
    pub free: u64,
    /// How far a host's clock may be from ours. Default: 5 s.
    pub clock: Duration,
    /// How long a host that is connected may take for all of its answers. Default: 30 s.
    pub answers: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { free: 100 << 20, clock: Duration::from_secs(5), answers: Duration::from_secs(30) }
    }
}
