use std::time::Duration;

/// How patient connections are. The defaults suit hosts on the other side of the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshSettings {
    /// The deadline of each phase.
    pub deadlines: Deadlines,
    /// How a host that stopped answering is found out.
    pub keepalive: Keepalive,
}

/// How a host that stopped answering is found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// How long nothing may come from a host before it is asked for a sign of life. Default: 15 s.
    pub interval: Duration,
    /// How many such questions may stay unanswered. Default: 3, so that a dead host is found within 60 s.
    pub unanswered: usize,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { interval: Duration::from_secs(15), unanswered: 3 }
    }
}

/// The longest that each phase may take. Each is absolute: a host that sends a byte now and then gains nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Looking up a name. Default: 5 s.
    pub name: Duration,
    /// Connecting to one address. Default: 5 s.
    pub tcp: Duration,
    /// Until the host has sent its first line. Default: 10 s.
    pub banner: Duration,
    /// The key exchange after that, host key check included. Default: 15 s.
    pub kex: Duration,
    /// Logging in. Default: 20 s.
    pub auth: Duration,
    /// One answer of the agent. Default: 10 s.
    pub agent: Duration,
    /// Reading a local file that a connection needs, or writing a learned key down. Default: 10 s.
    pub local: Duration,
    /// Opening a channel. Default: 10 s.
    pub channel: Duration,
    /// After a command has ended: how long its channel may be open without any output. Default: 2 s.
    pub drain_idle: Duration,
    /// After a command has ended: how long its channel may be open at all. Default: 10 s.
    pub drain_total: Duration,
    /// How long a command that is stopped has after `TERM`. Default: 10 s.
    pub term_grace: Duration,
    /// How long it has after `KILL`. Default: 5 s.
    pub kill_grace: Duration,
    /// One answer of the SFTP server. Default: 60 s.
    pub sftp: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            name: Duration::from_secs(5),
            tcp: Duration::from_secs(5),
            banner: Duration::from_secs(10),
            kex: Duration::from_secs(15),
            auth: Duration::from_secs(20),
            agent: Duration::from_secs(10),
            local: Duration::from_secs(10),
            channel: Duration::from_secs(10),
            drain_idle: Duration::from_secs(2),
            drain_total: Duration::from_secs(10),
            term_grace: Duration::from_secs(10),
            kill_grace: Duration::from_secs(5),
            sftp: Duration::from_mins(1),
        }
    }
}
