use std::fmt;

use runsheet_model::{NameError, valid_host, valid_user};
use thiserror::Error;

/// What is wrong with a list of jump hosts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JumpMistake {
    /// Not a port.
    #[error("`{text}` is not a port (1 to 65535)")]
    Port {
        /// What stands there.
        text: String,
    },

    /// Several colons and no brackets.
    #[error("`{text}` has several `:`; an IPv6 address stands in brackets, such as `[::1]:22`")]
    Colons {
        /// What stands there.
        text: String,
    },

    /// A bracket without its other half, or with something behind it.
    #[error("`{text}` is not an address in brackets, such as `[::1]:22`")]
    Brackets {
        /// What stands there.
        text: String,
    },

    /// A path or another scheme.
    #[error("`{text}` is not a jump host, such as `user@host:22`")]
    Form {
        /// What stands there.
        text: String,
    },

    /// Not a host or user name.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// The jump hosts on the way, the one nearest to us first; none for a direct connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Jumps(pub(crate) Vec<Jump>);

/// One jump host: `user@host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Jump {
    pub(crate) user: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Jumps {
    /// Reads `none`, or jump hosts with `,` between them, as `ssh -J` does.
    pub(crate) fn parse(text: &str) -> Result<Self, JumpMistake> {
        if text.trim().eq_ignore_ascii_case("none") {
            return Ok(Self::default());
        }
        text.split(',').map(|one| Jump::parse(one.trim())).collect::<Result<_, _>>().map(Self)
    }
}

impl Jump {
    fn parse(text: &str) -> Result<Self, JumpMistake> {
        let bare = text.strip_prefix("ssh://").map_or(text, |rest| rest.strip_suffix('/').unwrap_or(rest));
        if bare.contains('/') {
            return Err(JumpMistake::Form { text: text.to_owned() });
        }
        // The last `@`: a login name may hold one (`dana@corp@bastion`).
        let (user, address) = bare.rsplit_once('@').map_or((None, bare), |(user, rest)| (Some(user), rest));
        let (host, port) = if let Some(inner) = address.strip_prefix('[') {
            let brackets = || JumpMistake::Brackets { text: text.to_owned() };
            let (host, behind) = inner.split_once(']').ok_or_else(brackets)?;
            match behind.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if behind.is_empty() => (host, None),
                None => return Err(brackets()),
            }
        } else {
            match address.split_once(':') {
                Some((_, port)) if port.contains(':') => return Err(JumpMistake::Colons { text: text.to_owned() }),
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            }
        };
        valid_host(host)?;
        if let Some(user) = user {
            valid_user(user)?;
        }
        let port = port.map(|port| parse_port(port).ok_or_else(|| JumpMistake::Port { text: port.to_owned() }));
        Ok(Self { user: user.map(str::to_owned), host: host.to_owned(), port: port.transpose()? })
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match (self.host.contains(':'), self.port) {
            (true, Some(port)) => write!(f, "[{}]:{port}", self.host),
            (true, None) => write!(f, "[{}]", self.host),
            (false, Some(port)) => write!(f, "{}:{port}", self.host),
            (false, None) => f.write_str(&self.host),
        }
    }
}

/// Reads a TCP port: 1 to 65535, digits only.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok().filter(|port| *port != 0) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jump_hosts_are_read_as_ssh_does() {
        let shown = |text: &str| {
            let jumps = Jumps::parse(text).expect(text);
            jumps.0.iter().map(|jump| format!("{:?} {} {:?}", jump.user, jump.host, jump.port)).collect::<Vec<_>>()
        };
        assert_eq!(shown("bastion"), ["None bastion None"]);
        assert_eq!(shown("ops@b1:2222, b2"), ["Some(\"ops\") b1 Some(2222)", "None b2 None"]);
        assert_eq!(shown("ssh://ops@[::1]:22/"), ["Some(\"ops\") ::1 Some(22)"]);
        assert_eq!(shown("dana@corp@b"), ["Some(\"dana@corp\") b None"]);
        assert_eq!(shown("none"), Vec::<String>::new());
    }

    #[test]
    fn jump_hosts_that_ssh_would_refuse_are_refused() {
        for bad in ["", "a,", "-oProxyCommand=id", "a:0", "a:x", "::1", "[::1", "[::1]x", "a/b", "a;id@b", "@b", "a:+2"]
        {
            assert!(Jumps::parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}
