use std::time::Duration;

use runsheet_model::{HostKeyMode, valid_host, valid_user};

use super::SshMistake;
use super::block::Setting;
use super::line::words;
use super::tokens::host_name;
use crate::jump::{Jumps, parse_port};

/// Reads an option that is honoured; `None` for any other keyword.
pub(crate) fn setting(lower: &str, keyword: &str, value: &str) -> Result<Option<Setting>, SshMistake> {
    let one = || one_word(keyword, value);
    let bad = |value: String| SshMistake::BadValue { keyword: keyword.to_owned(), value };
    let setting = match lower {
        "hostname" => {
            let name = one()?;
            // Checked with a name in the place of `%h`: any name that is asked for has been checked itself.
            valid_host(&host_name(&name, "h")?)?;
            Setting::HostName(name)
        }
        "port" => {
            let port = one()?;
            Setting::Port(parse_port(&port).ok_or_else(|| bad(port))?)
        }
        "user" => {
            let user = one()?;
            valid_user(&user)?;
            Setting::User(user)
        }
        "identityfile" => Setting::IdentityFile(one()?),
        "identitiesonly" => {
            let text = one()?;
            Setting::IdentitiesOnly(flag(&text).ok_or_else(|| bad(text))?)
        }
        "identityagent" => Setting::IdentityAgent(one()?),
        "proxyjump" => {
            let text = one()?;
            if text.contains('%') {
                return Err(SshMistake::Token { token: text });
            }
            Setting::ProxyJump(Jumps::parse(&text)?)
        }
        "proxycommand" if value.is_empty() => {
            return Err(SshMistake::NoValue { keyword: keyword.to_owned() });
        }
        "proxycommand" if value.eq_ignore_ascii_case("none") => Setting::ProxyJump(Jumps::default()),
        "proxycommand" => Setting::ProxyCommand,
        "userknownhostsfile" => Setting::UserKnownHosts(files(keyword, value)?),
        "globalknownhostsfile" => Setting::GlobalKnownHosts(files(keyword, value)?),
        "stricthostkeychecking" => {
            let text = one()?;
            match text.to_ascii_lowercase().as_str() {
                "accept-new" => Setting::HostKeys(HostKeyMode::AcceptNew),
                "yes" | "true" | "ask" | "no" | "false" | "off" => Setting::HostKeys(HostKeyMode::Strict),
                _ => return Err(bad(text)),
            }
        }
        "hostkeyalias" => {
            let alias = one()?;
            valid_host(&alias)?;
            Setting::HostKeyAlias(alias)
        }
        "connecttimeout" => {
            let text = one()?;
            Setting::ConnectTimeout(seconds(&text).ok_or_else(|| bad(text))?)
        }
        _ => return Ok(None),
    };
    Ok(Some(setting))
}

/// Reads one or more values.
pub(crate) fn some_words(keyword: &str, value: &str) -> Result<Vec<String>, SshMistake> {
    let words = words(value)?;
    if words.is_empty() || words.iter().any(String::is_empty) {
        return Err(SshMistake::NoValue { keyword: keyword.to_owned() });
    }
    Ok(words)
}

/// Reads exactly one value.
pub(crate) fn one_word(keyword: &str, value: &str) -> Result<String, SshMistake> {
    let mut words = some_words(keyword, value)?;
    match (words.pop(), words.is_empty()) {
        (Some(word), true) => Ok(word),
        _ => Err(SshMistake::MoreValues { keyword: keyword.to_owned() }),
    }
}

fn files(keyword: &str, value: &str) -> Result<Vec<String>, SshMistake> {
    let words = some_words(keyword, value)?;
    let none = |word: &String| word.eq_ignore_ascii_case("none");
    match words.as_slice() {
        [only] if none(only) => Ok(Vec::new()),
        several if several.iter().any(none) => Err(SshMistake::MoreValues { keyword: keyword.to_owned() }),
        _ => Ok(words),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// Reads a time as OpenSSH does: seconds, or numbers with a unit such as `1m30s`; `none` is 0, no limit.
fn seconds(text: &str) -> Option<Duration> {
    if text.eq_ignore_ascii_case("none") {
        return Some(Duration::ZERO);
    }
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next();
        let scale = match unit {
            None | Some('s' | 'S') => 1,
            Some('m' | 'M') => 60,
            Some('h' | 'H') => 3_600,
            Some('d' | 'D') => 86_400,
            Some('w' | 'W') => 604_800,
            Some(_) => return None,
        };
        total = total.checked_add(number.checked_mul(scale)?)?;
        rest = &rest[end + usize::from(unit.is_some())..];
    }
    // OpenSSH counts in an int.
    let fits = !text.is_empty() && total <= u64::from(i32::MAX.unsigned_abs());
    fits.then(|| Duration::from_secs(total))
}
