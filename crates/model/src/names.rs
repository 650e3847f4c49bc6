use std::fmt;

use serde::{Deserialize, Serialize};

use crate::NameError;

const LONGEST: usize = 120;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $extra:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a name.
            pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                check(&name, $extra)?;
                Ok(Self(name))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name!(
    /// The stable id of a step: letters, digits, `-` and `_`, at most 120 bytes. It names files of a run.
    StepId,
    "-_"
);
name!(
    /// The name of a task, such as `apache.restart`: letters, digits, `-`, `_` and `.`, at most 120 bytes.
    TaskName,
    "-_."
);
name!(
    /// The name of a secret: letters, digits, `-` and `_`, at most 120 bytes. The name may be shown; the value never.
    SecretName,
    "-_"
);
name!(
    /// The name of a sink: letters, digits, `-` and `_`, at most 120 bytes. It names a file of a run.
    SinkName,
    "-_"
);

fn check(name: &str, extra: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > LONGEST {
        return Err(NameError::TooLong { length: name.len(), limit: LONGEST });
    }
    if name.starts_with(['-', '.']) {
        let character = name.chars().next().unwrap_or('-');
        return Err(NameError::Character { name: name.to_owned(), character });
    }
    match name.chars().find(|&c| !(c.is_alphanumeric() || extra.contains(c))) {
        Some(character) => Err(NameError::Character { name: name.to_owned(), character }),
        None => Ok(()),
    }
}

/// Makes the id of a step out of its title: lower case, runs of anything else become one `-`.
///
/// `Roll web, slowly!` becomes `roll-web-slowly`; a title without letters or digits becomes the empty text.
pub fn slug(title: &str) -> String {
    let mut id = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
        if id.len() > LONGEST - 4 {
            break;
        }
    }
    id.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_an_id() {
        assert_eq!(slug("Roll web, slowly!"), "roll-web-slowly");
        assert_eq!(slug("  -- "), "");
        assert!(StepId::new(slug(&"x".repeat(500))).is_ok());
    }

    #[test]
    fn an_id_cannot_climb_out_of_a_folder() {
        for bad in ["", "..", "a/b", ".hidden", "a b", "-x"] {
            assert!(StepId::new(bad).is_err(), "{bad:?} was taken");
        }
    }
}
