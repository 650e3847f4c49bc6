use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{AddressFamily, HostKeyMode, valid_host, valid_user};

use super::SshMistake;
use super::algorithms::{AlgorithmList, Algorithms, assemble};
use super::line::{command, words};
use super::tokens::host_name;
use super::variables::{variable, variable_pattern};
use crate::jump::{Jumps, parse_port};

/// An option that says how a host is reached.
#[derive(Clone, Debug)]
pub(crate) enum Setting {
    HostName(String),
    Port(u16),
    User(String),
    IdentityFile(String),
    CertificateFile(String),
    IdentitiesOnly(bool),
    IdentityAgent(String),
    /// Its tokens are still there.
    ProxyJump(Jumps),
    /// A command with its tokens; `None` for `none`.
    ProxyCommand(Option<String>),
    UserKnownHosts(Vec<String>),
    GlobalKnownHosts(Vec<String>),
    HostKeys(HostKeyMode),
    HostKeyAlias(String),
    /// Zero for no limit, which for us is the default. `None` says nothing, so that a later line counts.
    ConnectTimeout(Option<Duration>),
    ConnectionAttempts(u32),
    /// Likewise.
    ServerAliveInterval(Option<Duration>),
    /// Zero for no end, which for us is the default.
    ServerAliveCountMax(u32),
    AddressFamily(AddressFamily),
    BindAddress(String),
    Algorithms(AlgorithmList, Arc<Algorithms>),
    /// Names with `*` and `?`; one with `-` before it is taken away.
    SendEnv(Vec<String>),
    SetEnv(Vec<(String, String)>),
    ForwardAgent(bool),
    Password(bool),
    KeyboardInteractive(bool),
    /// `CanonicalizeHostname`: the files are read a second time.
    SecondTime(bool),
}

/// Reads an option that is honoured; `None` for any other keyword.
pub(crate) fn setting(lower: &str, keyword: &str, value: &str) -> Result<Option<Setting>, SshMistake> {
    let one = || one_word(keyword, value);
    let bad = |value: &str| SshMistake::BadValue { keyword: keyword.to_owned(), value: value.to_owned() };
    let flag = || one().and_then(|text| flag(&text).ok_or_else(|| bad(&text)));
    let number = || one().and_then(|text| number(&text).ok_or_else(|| bad(&text)));
    let time = || match one()?.as_str() {
        "none" => Ok(None),
        text => seconds(text).map(Some).ok_or_else(|| bad(text)),
    };
    let algorithms = |list| {
        let text = one()?;
        let algorithms = assemble(list, &text).ok_or_else(|| bad(&text))?;
        Ok::<_, SshMistake>(Setting::Algorithms(list, Arc::new(algorithms)))
    };
    let setting = match lower {
        "hostname" => {
            let name = one()?;
            // Checked with a name in the place of `%h`: any name that is asked for has been checked itself.
            valid_host(&host_name(&name, "h")?)?;
            Setting::HostName(name)
        }
        "port" => {
            let port = one()?;
            let named = (port == "ssh").then_some(crate::SSH_PORT);
            Setting::Port(named.or_else(|| parse_port(&port)).ok_or_else(|| bad(&port))?)
        }
        "user" => {
            let user = one()?;
            valid_user(&user)?;
            Setting::User(user)
        }
        "identityfile" | "identityfile2" => Setting::IdentityFile(one()?),
        "certificatefile" => Setting::CertificateFile(one()?),
        "identitiesonly" => Setting::IdentitiesOnly(flag()?),
        "identityagent" => Setting::IdentityAgent(one()?),
        "proxyjump" => {
            let text = command(value).split('#').next().unwrap_or_default();
            Setting::ProxyJump(Jumps::parse(text.trim_end())?)
        }
        "proxycommand" => match command(value) {
            none if none.eq_ignore_ascii_case("none") => Setting::ProxyCommand(None),
            // Our own standard input and output, which are no connection.
            "-" => return Err(bad("-")),
            text => Setting::ProxyCommand(Some(text.to_owned())),
        },
        "userknownhostsfile" => Setting::UserKnownHosts(files(keyword, value)?),
        "globalknownhostsfile" => Setting::GlobalKnownHosts(files(keyword, value)?),
        "stricthostkeychecking" => {
            let text = one()?;
            Setting::HostKeys(host_keys(&text).ok_or_else(|| bad(&text))?)
        }
        "hostkeyalias" => {
            let alias = one()?;
            valid_host(&alias)?;
            Setting::HostKeyAlias(alias.to_ascii_lowercase())
        }
        "connecttimeout" => Setting::ConnectTimeout(time()?),
        "connectionattempts" => match number()? {
            0 => return Err(bad("0")),
            attempts => Setting::ConnectionAttempts(attempts),
        },
        "serveraliveinterval" => Setting::ServerAliveInterval(time()?),
        "serveralivecountmax" => Setting::ServerAliveCountMax(number()?),
        "addressfamily" => {
            let text = one()?;
            Setting::AddressFamily(family(&text).ok_or_else(|| bad(&text))?)
        }
        "bindaddress" => {
            let address = one()?;
            valid_host(&address)?;
            Setting::BindAddress(address)
        }
        "kexalgorithms" => algorithms(AlgorithmList::KeyExchanges)?,
        "hostkeyalgorithms" => algorithms(AlgorithmList::HostKeys)?,
        "ciphers" => algorithms(AlgorithmList::Ciphers)?,
        "macs" => algorithms(AlgorithmList::Macs)?,
        "sendenv" => {
            let names = some_words(keyword, value)?;
            match names.iter().find(|name| !variable_pattern(name.strip_prefix('-').unwrap_or(name))) {
                Some(name) => return Err(bad(name)),
                None => Setting::SendEnv(names),
            }
        }
        "setenv" => {
            let words = some_words(keyword, value)?;
            let read = words.iter().map(|word| variable(word).ok_or_else(|| bad(word)));
            Setting::SetEnv(each_once(read.collect::<Result<_, _>>()?))
        }
        "passwordauthentication" => Setting::Password(flag()?),
        "kbdinteractiveauthentication"
        | "challengeresponseauthentication"
        | "skeyauthentication"
        | "tisauthentication" => Setting::KeyboardInteractive(flag()?),
        // Another agent, by its socket or its variable, is not forwarded.
        "forwardagent" => Setting::ForwardAgent(self::flag(&one()?).unwrap_or(false)),
        "canonicalizehostname" => Setting::SecondTime(match one()?.to_ascii_lowercase().as_str() {
            "no" | "false" => false,
            "yes" | "true" | "always" => true,
            other => return Err(bad(other)),
        }),
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

fn host_keys(text: &str) -> Option<HostKeyMode> {
    match text.to_ascii_lowercase().as_str() {
        "accept-new" => Some(HostKeyMode::AcceptNew),
        "yes" | "true" | "ask" | "no" | "false" | "off" => Some(HostKeyMode::Strict),
        _ => None,
    }
}

fn family(text: &str) -> Option<AddressFamily> {
    match text.to_ascii_lowercase().as_str() {
        "any" => Some(AddressFamily::Any),
        "inet" => Some(AddressFamily::Inet),
        "inet6" => Some(AddressFamily::Inet6),
        _ => None,
    }
}

/// Of variables with the same name the first counts.
fn each_once(variables: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, value) in variables {
        if !kept.iter().any(|(known, _)| *known == name) {
            kept.push((name, value));
        }
    }
    kept
}

/// Reads a number as OpenSSH does, which counts in an int.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|&number| number <= i32::MAX.unsigned_abs())
}

/// Reads a time as OpenSSH does: seconds, or numbers with a unit such as `1m30s`.
fn seconds(text: &str) -> Option<Duration> {
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
    let fits = !text.is_empty() && total <= u64::from(i32::MAX.unsigned_abs());
    fits.then(|| Duration::from_secs(total))
}
