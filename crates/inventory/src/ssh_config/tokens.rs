use std::path::{Path, PathBuf};

use super::SshMistake;

/// What the `%` tokens of a host stand for.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    /// `%h`: the address.
    pub(crate) address: &'a str,
    /// `%n`: the name as it was asked for.
    pub(crate) original: &'a str,
    /// `%k`: the host key alias, else the name as it was asked for.
    pub(crate) alias: &'a str,
    /// `%p`
    pub(crate) port: u16,
    /// `%r`
    pub(crate) user: &'a str,
    /// `%u`
    pub(crate) local_user: &'a str,
    /// `%d`
    pub(crate) home: &'a Path,
}

impl Tokens<'_> {
    /// Puts values for tokens and the home folder for `~`.
    pub(crate) fn path(&self, text: &str) -> Result<PathBuf, SshMistake> {
        let text = self.fill(text)?;
        tilde(&text, self.home)
    }

    fn fill(&self, text: &str) -> Result<String, SshMistake> {
        if let Some(at) = text.find("${") {
            return Err(SshMistake::Token { token: text[at..].to_owned() });
        }
        let mut filled = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                filled.push(c);
                continue;
            }
            match rest.next() {
                Some('%') => filled.push('%'),
                Some('h') => filled.push_str(self.address),
                Some('n') => filled.push_str(self.original),
                Some('k') => filled.push_str(self.alias),
                Some('p') => filled.push_str(&self.port.to_string()),
                Some('r') => filled.push_str(self.user),
                Some('u') => filled.push_str(self.local_user),
                Some('d') => filled.push_str(&self.home.to_string_lossy()),
                other => {
                    return Err(SshMistake::Token { token: format!("%{}", other.map_or(String::new(), String::from)) });
                }
            }
        }
        Ok(filled)
    }
}

/// Puts the home folder for a leading `~`.
pub(crate) fn tilde(text: &str, home: &Path) -> Result<PathBuf, SshMistake> {
    match text.strip_prefix('~') {
        Some("") => Ok(home.to_owned()),
        Some(rest) => match rest.strip_prefix('/') {
            Some(rest) => Ok(home.join(rest.trim_start_matches('/'))),
            None => Err(SshMistake::OtherHome { path: text.to_owned() }),
        },
        None => Ok(PathBuf::from(text)),
    }
}

/// Puts the name that was asked for into `HostName`, which knows `%h` and `%%` only.
pub(crate) fn host_name(text: &str, original: &str) -> Result<String, SshMistake> {
    let mut filled = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => match rest.next() {
                Some('%') => filled.push('%'),
                Some('h') => filled.push_str(original),
                other => {
                    return Err(SshMistake::Token { token: format!("%{}", other.map_or(String::new(), String::from)) });
                }
            },
            c => filled.push(c),
        }
    }
    Ok(filled)
}
