use runsheet_task::{Command, quote};

/// The shell function `detached`, for scripts that start daemons.
pub(crate) const DETACHED: &str = include_str!("detached.sh");

/// The shell functions `has` and `sha256_of`, for scripts that prove what a file holds.
pub(crate) const SHA256: &str = include_str!("sha256.sh");

/// A script for a host's `/bin/sh`, whatever the login shell of its user is.
pub(crate) struct HostScript {
    /// What it calls itself when it complains.
    name: &'static str,
    parts: &'static [&'static str],
}

impl HostScript {
    pub(crate) const fn new(name: &'static str, parts: &'static [&'static str]) -> Self {
        Self { name, parts }
    }

    /// The command that runs it with these arguments, each one word whatever stands in it.
    pub(crate) fn with<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut line = format!("/bin/sh -c {} {}", quote(&self.text()), quote(self.name));
        for arg in args {
            line.push(' ');
            line.push_str(&quote(arg));
        }
        Command::shell(line)
    }

    /// The script without its comments, which are for us and not for a host's process list.
    pub(crate) fn text(&self) -> String {
        self.parts
            .iter()
            .flat_map(|part| part.lines())
            .filter(|line| !line.trim_start().starts_with('#') && !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }
}
