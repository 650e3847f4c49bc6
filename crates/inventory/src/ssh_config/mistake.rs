use runsheet_diagnostics::{Hint, Hints};
use runsheet_model::NameError;
use thiserror::Error;

use crate::jump::JumpMistake;

/// What is wrong in an ssh_config file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SshMistake {
    /// Bytes that are not UTF-8, where they matter.
    #[error("this line is not UTF-8")]
    NoText,

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
    #[error("`all` stands alone behind `Match`, or last behind one other criterion")]
    AllCombined,

    /// `Match exec` where nobody allowed it.
    #[error("`Match exec` runs a command and is not allowed")]
    ExecNotAllowed,

    /// A command of `Match exec` that came to no end of its own.
    #[error("`Match exec {command}`: {reason}")]
    ExecFailed {
        /// The command.
        command: String,
        /// What happened.
        reason: String,
    },

    /// A token that is not known here.
    #[error("`{token}` is not supported here")]
    Token {
        /// The token.
        token: String,
    },

    /// The value of a token that a shell would take for more than a word.
    #[error("`{token}` stands in a command and is `{}`, which a shell would not take for one word", runsheet_model::visible(value.as_bytes()))]
    UnsafeToken {
        /// The token.
        token: String,
        /// Its value.
        value: String,
    },

    /// A variable of the environment that is not set.
    #[error("the environment has no `{name}`")]
    Variable {
        /// Its name.
        name: String,
    },

    /// A list of algorithms of which nothing is left.
    #[error("`{keyword}` leaves nothing that runsheet offers")]
    NoAlgorithm {
        /// The keyword.
        keyword: &'static str,
        /// What runsheet offers.
        offered: String,
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
                "`all`, `host`, `originalhost`, `user`, `localuser`, `final`, `canonical` and `exec` are; or let the OpenSSH client read it with `--ssh-config-reader openssh`, or give runsheet a file of its own by `-F`",
            ),
            Self::ExecNotAllowed => Hints::from(
                "allow it with `ssh: {allow_match_exec: true}` in runsheet.yaml, or give runsheet a file of its own by `-F`",
            ),
            Self::Token { .. } => Hints::from("TOKENS in ssh_config(5) says which tokens a keyword takes"),
            Self::NoAlgorithm { offered, .. } => Hints::from(format!("runsheet offers {offered}")),
            Self::OtherHome { .. } => Hints::from("write the path from `/` on"),
            _ => Hints::none(),
        }
    }
}
