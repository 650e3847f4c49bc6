use super::server::Server;
use super::{asyncssh, dropbear, openssh, tinyssh};

/// A program that is an SSH server; a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Software {
    OpenSsh,
    Dropbear,
    TinySsh,
    Asyncssh,
}

impl Software {
    /// All of them, in the table's order.
    pub(crate) const ALL: [Self; 4] = [Self::OpenSsh, Self::Dropbear, Self::TinySsh, Self::Asyncssh];

    /// How the table names it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::OpenSsh => "OpenSSH sshd",
            Self::Dropbear => "dropbear",
            Self::TinySsh => "TinySSH",
            Self::Asyncssh => "asyncssh",
        }
    }

    /// Starts it with a host key of one kind, if it knows more than one.
    pub(crate) fn start(self, host_key: &str) -> Server {
        match self {
            Self::OpenSsh => openssh::start(host_key),
            Self::Dropbear => dropbear::start(host_key),
            Self::TinySsh => tinyssh::start(),
            Self::Asyncssh => asyncssh::start(host_key),
        }
    }
}
