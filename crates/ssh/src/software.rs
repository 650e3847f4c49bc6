use crate::link::CHANNELS;

/// The software of a host, by how it calls itself (RFC 4253 §4.2), as far as that makes a difference to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Software {
    /// Any that keeps sessions of a connection apart from each other.
    #[default]
    Other,
    /// When a command ends, it closes every session of the connection that has not heard yet what is wanted of it, and may still start that
    /// or break the connection: a failed assertion, seen with 2022.83.
    Dropbear,
    /// It ends a connection after its first session.
    TinySsh,
}

impl Software {
    pub(crate) fn of(identification: &[u8]) -> Self {
        if identification.starts_with(b"SSH-2.0-dropbear") {
            Self::Dropbear
        } else if identification.starts_with(b"SSH-2.0-tinyssh") {
            Self::TinySsh
        } else {
            Self::Other
        }
    }

    /// How many sessions may be in use at once on a connection.
    pub(crate) fn sessions(self) -> usize {
        match self {
            Self::Other => CHANNELS,
            Self::Dropbear | Self::TinySsh => 1,
        }
    }
}
