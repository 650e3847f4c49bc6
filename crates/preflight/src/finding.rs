use std::time::Duration;

use serde::Serialize;

/// What is looked at, in the order in which it comes and is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether this machine can try at all.
    Local,
    /// Whether the name has an address.
    Name,
    /// Whether somebody answers there.
    Connection,
    /// Whether they speak SSH.
    Handshake,
    /// Whether it is the host.
    HostKey,
    /// Whether we are let in.
    Login,
    /// Whether commands run as they should.
    Shell,
    /// Whether commands can become another user.
    Sudo,
    /// Whether there is room.
    Space,
    /// Whether its clock is right.
    Clock,
}

impl Check {
    /// What it is called in front of people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Local => "this machine",
            Self::Name => "name",
            Self::Connection => "connection",
            Self::Handshake => "SSH",
            Self::HostKey => "host key",
            Self::Login => "login",
            Self::Shell => "shell",
            Self::Sudo => "sudo",
            Self::Space => "free space",
            Self::Clock => "clock",
        }
    }
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// A run would fail, or might.
    Wrong,
    /// Worth knowing.
    Odd,
}

/// Something that was found on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// By which check.
    pub check: Check,
    /// How much it matters.
    pub weight: Weight,
    /// What, in words that are safe to print, in one line of bounded length.
    pub says: String,
    /// How much of it, where hosts of which the same is said differ.
    pub amount: Option<Amount>,
    /// What would help.
    pub hint: Option<String>,
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// Room, in bytes.
    Bytes(u64),
    /// Time.
    #[serde(rename = "ms", serialize_with = "as_ms")]
    Time(Duration),
}

fn as_ms<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

impl Finding {
    /// Something that is wrong.
    pub(crate) fn wrong(check: Check, says: impl Into<String>) -> Self {
        Self { check, weight: Weight::Wrong, says: says.into(), amount: None, hint: None }
    }

    /// Something that is worth knowing.
    pub(crate) fn odd(check: Check, says: impl Into<String>) -> Self {
        Self { weight: Weight::Odd, ..Self::wrong(check, says) }
    }

    /// Adds how much.
    pub(crate) fn amount(self, amount: Amount) -> Self {
        Self { amount: Some(amount), ..self }
    }

    /// Adds what would help.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
