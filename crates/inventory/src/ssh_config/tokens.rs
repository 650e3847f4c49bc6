use std::borrow::Cow;
use std::path::{Path, PathBuf};

use runsheet_model::{hex, valid_host, valid_user};
use sha1::{Digest, Sha1};

use super::SshMistake;
use crate::reach::Reach;
use crate::variables::Variables;

/// What files and `Match exec` may hold.
const MOST: &str = "CdhikLlnpru";

/// What `ProxyCommand` may hold.
const OF_PROXY: &str = "hknpr";

/// What the `%` tokens of a host stand for (TOKENS in ssh_config(5)).
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
    /// `%u`, `%d`, `%i`, `%l`, `%L` and the variables.
    pub(crate) reach: &'a Reach,
}

impl Tokens<'_> {
    /// Puts values for tokens and variables, and the home folder for `~`.
    pub(crate) fn path(&self, text: &str) -> Result<PathBuf, SshMistake> {
        // What is put for `~` is no text with tokens.
        match text.strip_prefix('~') {
            None => Ok(PathBuf::from(self.fill(text, MOST, true, None)?)),
            Some("") => Ok(self.reach.home.clone()),
            Some(rest) => match rest.strip_prefix('/') {
                Some(rest) => Ok(self.reach.home.join(self.fill(rest.trim_start_matches('/'), MOST, true, None)?)),
                None => Err(SshMistake::OtherHome { path: text.to_owned() }),
            },
        }
    }

    /// Puts values into a command of `ProxyCommand`. A value that a shell would take for more than a word is refused.
    pub(crate) fn proxy_command(&self, text: &str) -> Result<String, SshMistake> {
        self.fill(text, OF_PROXY, false, Some(safe_in_shell))
    }

    /// Puts values into a command of `Match exec`, as above.
    pub(crate) fn match_exec(&self, text: &str) -> Result<String, SshMistake> {
        self.fill(text, MOST, false, Some(safe_in_shell))
    }

    /// Puts values into the name or the user of a jump host.
    pub(crate) fn jump(&self, text: &str) -> Result<String, SshMistake> {
        self.fill(text, OF_PROXY, false, None)
    }

    fn fill(
        &self,
        text: &str,
        allowed: &str,
        variables: bool,
        check: Option<fn(char, &str) -> bool>,
    ) -> Result<String, SshMistake> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['%', '$']) {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            if rest.starts_with('$') {
                match rest.strip_prefix("${").filter(|_| variables) {
                    None => {
                        filled.push('$');
                        rest = &rest[1..];
                    }
                    Some(named) => {
                        let token = || SshMistake::Token { token: rest.to_owned() };
                        let (name, behind) = named.split_once('}').ok_or_else(token)?;
                        filled.push_str(value_of(name, &self.reach.environment)?);
                        rest = behind;
                    }
                }
                continue;
            }
            let mut behind = rest[1..].chars();
            let token = behind.next();
            rest = behind.as_str();
            match token {
                Some('%') => filled.push('%'),
                Some(token) if allowed.contains(token) => {
                    let value = self.value(token);
                    if check.is_some_and(|check| !check(token, &value)) {
                        return Err(SshMistake::UnsafeToken { token: format!("%{token}"), value: value.into_owned() });
                    }
                    filled.push_str(&value);
                }
                other => {
                    return Err(SshMistake::Token { token: format!("%{}", other.map_or(String::new(), String::from)) });
                }
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, token: char) -> Cow<'_, str> {
        let machine = &self.reach.machine;
        match token {
            'h' => self.address.into(),
            'n' => self.original.into(),
            'k' => self.alias.into(),
            'p' => self.port.to_string().into(),
            'r' => self.user.into(),
            'u' => self.reach.local_user.as_str().into(),
            'd' => self.reach.home.to_string_lossy(),
            'i' => self.reach.user_id.to_string().into(),
            'l' => machine.as_str().into(),
            'L' => machine.split('.').next().unwrap_or_default().into(),
            _ => self.hash().into(),
        }
    }

    /// `%C`: the hash of `%l%h%p%r`.
    fn hash(&self) -> String {
        let text = format!("{}{}{}{}", self.reach.machine, self.address, self.port, self.user);
        hex(&Sha1::digest(text))
    }
}

/// Whether a shell reads the value of a token as part of one word, whatever stands around it.
fn safe_in_shell(token: char, value: &str) -> bool {
    let checked = match token {
        'h' | 'n' | 'k' | 'l' | 'L' => valid_host(value),
        _ => valid_user(value),
    };
    checked.is_ok() && !value.contains(['$', '\\', '~', '*', '?', '[', '#', '!'])
}

/// Finds a variable of the environment.
pub(crate) fn value_of<'a>(name: &str, environment: &'a Variables) -> Result<&'a str, SshMistake> {
    let missing = || SshMistake::Variable { name: name.to_owned() };
    environment.get(name).ok_or_else(missing)
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
