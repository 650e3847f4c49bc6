use runsheet_diagnostics::{Hint, Hints};
use runsheet_model::NameError;
use thiserror::Error;

use crate::jump::JumpMistake;
use crate::range::{MOST_HOSTS, RangeMistake};

/// What is wrong in a file of host groups.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FileMistake {
    /// Not the name of a host, a user, or an address.
    #[error(transparent)]
    Name(#[from] NameError),

    /// A host name with a character that patterns use.
    #[error("host name `{name}` has `{sign}`, which means something else in patterns")]
    PatternSign {
        /// The name.
        name: String,
        /// The character.
        sign: char,
    },

    /// Not the name of a group.
    #[error("`{name}` is not a group name: letters, digits, `-`, `_` and `.`, a letter or digit first")]
    GroupName {
        /// The name.
        name: String,
    },

    /// A range is wrong.
    #[error(transparent)]
    Range(#[from] RangeMistake),

    /// Jump hosts are wrong.
    #[error(transparent)]
    Jump(#[from] JumpMistake),

    /// An entry with several names or none.
    #[error("an entry of `hosts` holds one name, and this one holds {count}")]
    OneName {
        /// How many.
        count: usize,
    },

    /// Names and addresses do not pair up.
    #[error("{names} names and {addresses} addresses do not pair up")]
    Pairs {
        /// How many names.
        names: usize,
        /// How many addresses.
        addresses: usize,
    },

    /// Port 0.
    #[error("`{text}` is not a port (1 to 65535)")]
    Port {
        /// What stands there.
        text: String,
    },

    /// An empty file name.
    #[error("`{setting}` is empty")]
    Empty {
        /// The setting.
        setting: &'static str,
    },

    /// A key that means nothing here.
    #[error("unknown setting `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
        /// The key that was probably meant.
        nearest: Option<String>,
    },

    /// A group is named and never described.
    #[error("there is no group `{name}`")]
    NoGroup {
        /// The name.
        name: String,
        /// The group that was probably meant.
        nearest: Option<String>,
    },

    /// A group holds itself.
    #[error("group `{}` holds itself: {}", way.first().map_or("", String::as_str), way.join(" → "))]
    Cycle {
        /// From the group over the ones it holds back to itself.
        way: Vec<String>,
    },

    /// More hosts than are taken.
    #[error("there are more than {MOST_HOSTS} hosts")]
    TooManyHosts,

    /// The same hosts listed again and again.
    #[error("the groups list hosts more than {limit} times")]
    TooManyListed {
        /// The most that is taken.
        limit: usize,
    },

    /// Something of another kind than expected.
    #[error("`{what}` must be {expected}")]
    Kind {
        /// What it is about.
        what: String,
        /// What should stand there.
        expected: &'static str,
    },

    /// A setting of hosts at a group.
    #[error("`{key}` belongs to a host, not to a group")]
    HostOnly {
        /// The key.
        key: String,
    },
}

impl Hint for FileMistake {
    fn hints(&self) -> Hints {
        match self {
            Self::UnknownKey { nearest, .. } | Self::NoGroup { nearest, .. } => Hints::did_you_mean(nearest.as_deref()),
            Self::PatternSign { sign: '@', .. } => Hints::from("the login name has a key of its own: `user:`"),
            Self::PatternSign { sign: '*' | '?', .. } => {
                Hints::from("a host group lists names and ranges such as `web[01-20]`")
            }
            Self::OneName { .. } => Hints::from("indent the settings of a host deeper than its name"),
            _ => Hints::none(),
        }
    }
}
