use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

/// The longest host name that is taken, in bytes (RFC 1035 §2.3.4 allows 253 in text form).
const LONGEST: usize = 253;

/// The name of a host, as it stands in its host group.
///
/// Never empty, at most 253 bytes, without spaces, control characters and whatever else OpenSSH refuses in a host name:
/// it can be written to a known_hosts line, a path or an argument list and read back as itself. Copies share the text: every event of a
/// host names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(Arc<str>);

impl HostName {
    /// Checks and takes a name.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        valid_host(&name)?;
        // It names files and folders of a run, and must not climb out of theirs.
        if let Some(character) = name.chars().find(|&c| c == '/').or_else(|| name.starts_with('.').then_some('.')) {
            return Err(NameError::Character { name, character });
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HostName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl Serialize for HostName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Why a text cannot be the name of a host, a user or anything else that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name cannot be empty")]
    Empty,

    /// Longer than any such name may be.
    #[error("name of {length} bytes is longer than {limit}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The most that is taken, in bytes.
        limit: usize,
    },

    /// It would be read as an option by a command.
    #[error("name `{name}` starts with `-`")]
    LeadingDash {
        /// The text.
        name: String,
    },

    /// A character that a shell, a terminal or a known_hosts file would take for something else.
    #[error("name `{}` has the character {character:?}", crate::visible(name.as_bytes()))]
    Character {
        /// The text.
        name: String,
        /// The first such character.
        character: char,
    },
}

/// Checks an address or host name by OpenSSH's rule (`valid_hostname` in its `ssh.c`): no leading `-`, no white space, no
/// control character, none of `` ' ` " $ \ ; & < > | ( ) { } ``.
pub fn valid_host(name: &str) -> Result<(), NameError> {
    check(name, |c| "'`\"$\\;&<>|(){},".contains(c))
}

/// Checks a login name by OpenSSH's rule (`valid_ruser` in its `ssh.c`): no leading `-`, no control character or white
/// space, none of `` ' ` " ; & < > | ( ) { } ``, no trailing backslash.
pub fn valid_user(name: &str) -> Result<(), NameError> {
    check(name, |c| "'`\";&<>|(){}".contains(c))?;
    if name.ends_with('\\') {
        return Err(NameError::Character { name: name.to_owned(), character: '\\' });
    }
    Ok(())
}

fn check(name: &str, refused: impl Fn(char) -> bool) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > LONGEST {
        return Err(NameError::TooLong { length: name.len(), limit: LONGEST });
    }
    if name.starts_with('-') {
        return Err(NameError::LeadingDash { name: name.to_owned() });
    }
    match name.chars().find(|&c| c.is_whitespace() || c.is_control() || refused(c)) {
        Some(character) => Err(NameError::Character { name: name.to_owned(), character }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_would_refuse_is_refused() {
        for bad in ["", "-oProxyCommand=id", "a;id", "`id`", "$(id)", "a\nb", "a\0b", "a b", "a|b", "a/b", "é\u{7f}"] {
            assert!(HostName::new(bad).is_err(), "{bad:?} was taken");
        }
        for good in ["web1", "web-1.example.com", "10.0.0.1", "fe80::1%eth0", "WEB_1"] {
            assert!(HostName::new(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn a_login_name_may_hold_a_domain_but_not_a_command() {
        assert!(valid_user("CORP\\deploy").is_ok());
        assert!(valid_user("a;id").is_err());
        assert!(valid_user("-l").is_err());
        assert!(valid_user("deploy\\").is_err());
    }
}
