use runsheet_diagnostics::{Hint, Hints};
use runsheet_model::NameError;
use thiserror::Error;

use crate::jump::JumpMistake;

/// What is wrong in an ssh_config file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SshMistake {
    /// A quote is opened and not closed.
    #[error("this quote is never closed")]
    Quote,

    /// A keyword alone.
    #[error("`{keyword}` has no value")]
    NoValue {
        /// The keyword.
        keyword: String,
    },

    /// Several values where one is taken.
    #[error("`{keyword}` takes one value")]
    MoreValues {
        /// The keyword.
        keyword: String,
    },

    /// A value that the keyword does not take.
    #[error("`{value}` is not a value of `{keyword}`")]
    BadValue {
        /// The keyword.
        keyword: String,
        /// The value.
        value: String,
    },

    /// Not the name of a host or a user.
    #[error(transparent)]
    Name(#[from] NameError),

    /// Jump hosts are wrong.
    #[error(transparent)]
    Jump(#[from] JumpMistake),

    /// A criterion that is not honoured; skipping it would apply its options to the wrong hosts.
    #[error("`Match {criterion}` is not supported")]
    Criterion {
        /// The criterion.
        criterion: String,
    },

    /// `all` together with something else.
    #[error("`Match all` cannot be combined with anything")]
    AllCombined,

    /// A token that is not known here.
    #[error("`{token}` is not supported here")]
    Token {
        /// The token.
        token: String,
    },

    /// Another user's home folder.
    #[error("`{path}`: the home folders of other users are not known")]
    OtherHome {
        /// The path.
        path: String,
    },

    /// Files that include each other.
    #[error("files include each other more than {limit} deep")]
    TooDeep {
        /// The most that is taken.
        limit: usize,
    },

    /// A great many files.
    #[error("more than {limit} files are included")]
    TooManyFiles {
        /// The most that is taken.
        limit: usize,
    },

    /// A folder or file named by `Include` cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why not.
        reason: String,
    },
}

impl Hint for SshMistake {
    fn hints(&self) -> Hints {
        match self {
            Self::Criterion { .. } => Hints::from(
                "`all`, `host`, `originalhost`, `user` and `localuser` are; or give runsheet a file of its own by `-F`",
            ),
            Self::Token { .. } => Hints::from(
                "`%h`, `%n`, `%p`, `%r`, `%u`, `%d`, `%k` and `%%` are, and `$SSH_AUTH_SOCK` in `IdentityAgent`",
            ),
            _ => Hints::none(),
        }
    }
}
