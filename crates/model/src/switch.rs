use std::fmt;

use serde::{Deserialize, Serialize};

/// The program by which a command becomes another user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// sudo(8).
    #[default]
    Sudo,
    /// doas(1), as `OpenBSD` has it.
    Doas,
    /// su(1).
    Su,
}

impl Switch {
    /// Its name, which is also the word of a sheet and the flag.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sudo => "sudo",
            Self::Doas => "doas",
            Self::Su => "su",
        }
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
