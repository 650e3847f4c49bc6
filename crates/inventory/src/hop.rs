use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{
    AgentForwarding, AlgorithmChoice, CIPHERS, HOST_KEYS, Hop, HostKeys, HostName, KEY_EXCHANGES, MACS, SshOptions,
    valid_host, valid_user,
};

use crate::error::InventoryError;
use crate::jump::{Jump, JumpMistake, Jumps};
use crate::reach::Reach;
use crate::source::{Said, Source};
use crate::ssh_config::{
    Algorithms, Options, Question, SshMistake, Tokens, read_dump, selected, spelled, tilde, value_of,
};

/// What beats ssh_config.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) address: Option<Said<String>>,
    pub(crate) user: Option<Said<String>>,
    pub(crate) port: Option<Said<u16>>,
    pub(crate) identities: Option<Said<Vec<PathBuf>>>,
    pub(crate) jump: Option<Said<Jumps>>,
    /// What an Ansible inventory says and we do not honour.
    pub(crate) unhonoured: Option<Placed<String>>,
}

/// One server on the way, how it is reached itself, and who said so.
pub(crate) struct Found {
    /// What people call it.
    pub(crate) name: String,
    pub(crate) hop: Hop,
    pub(crate) jump: Said<Jumps>,
    pub(crate) connect_timeout: Option<Said<Duration>>,
    pub(crate) wanted: Wanted,
    pub(crate) options: Options,
}

impl Wanted {
    /// Adds what ssh_config says and the defaults.
    pub(crate) fn hop(self, host: &HostName, reach: &Reach) -> Result<Found, InventoryError> {
        let original = self.address.as_ref().map_or(host.as_str(), |address| &address.value);
        let question = Question {
            host: original,
            is_address: self.address.is_some(),
            user: self.user.as_ref().map(|user| user.value.as_str()),
            port: self.port.as_ref().map(|port| port.value),
        };
        let options = ask(question, reach)?;
        // Whoever names jump hosts (or `none`) has said how the host is reached.
        if self.jump.is_none()
            && let Some(setting) = &self.unhonoured
        {
            return Err(InventoryError::Unhonoured {
                host: host.clone(),
                place: setting.place.clone(),
                setting: setting.value.clone(),
            });
        }
        let address = match (&self.address, &options.host_name) {
            (None, Some(name)) => spelled(&name.value),
            _ => spelled(original),
        };
        let user =
            question.user.or(said(options.user.as_ref()).map(String::as_str)).unwrap_or(&reach.local_user).to_owned();
        let port = question.port.or(said(options.port.as_ref()).copied()).unwrap_or(crate::SSH_PORT);
        let tokens = Tokens {
            address: &address,
            original,
            alias: said(options.host_key_alias.as_ref()).map_or(original, String::as_str),
            port,
            user: &user,
            reach,
        };
        let jump = match (&self.jump, &options.jump) {
            (Some(jump), _) => jump.clone(),
            (None, Some(jump)) => Said::in_file(&filled_jumps(jump, &tokens)?),
            (None, None) => Said { value: Jumps::default(), source: Source::Default },
        };
        let proxy_command = match &options.proxy_command {
            Some(said) if self.jump.is_none() => {
                at(said, |command| command.as_deref().map(|text| tokens.proxy_command(text)).transpose())?
            }
            _ => None,
        };
        let identities = match &self.identities {
            Some(files) => Arc::from(files.value.as_slice()),
            None if options.identity_files.is_empty() => Arc::clone(&reach.identities),
            None => paths(&options.identity_files, &tokens)?,
        };
        let hop = Hop {
            port,
            identities,
            identities_only: said(options.identities_only.as_ref()).copied().unwrap_or(false),
            agent: agent(&options, &tokens, reach)?,
            certificates: paths(&options.certificate_files, &tokens)?,
            host_keys: Arc::new(host_keys(&options, &tokens, reach)?),
            host_key_alias: said(options.host_key_alias.as_ref()).cloned(),
            proxy_command,
            options: Arc::new(ssh_options(&options, reach)?),
            address: address.clone(),
            user: user.clone(),
        };
        let connect_timeout = options.connect_timeout.as_ref().filter(|limit| !limit.value.is_zero());
        let connect_timeout = connect_timeout.map(Said::in_file);
        Ok(Found { name: host.to_string(), hop, jump, connect_timeout, wanted: self, options })
    }
}

fn ask(question: Question<'_>, reach: &Reach) -> Result<Options, InventoryError> {
    let Some(ssh) = &reach.openssh else {
        return reach.ssh_config.ask(question, reach);
    };
    let failed = |reason| InventoryError::OpenSsh { host: question.host.to_owned(), reason };
    let text = ssh.settings(question.host, question.user, question.port).map_err(failed)?;
    let defaults = ssh.defaults().map_err(failed)?;
    let place = Place::file(format!("ssh -G {}", question.host));
    read_dump(&text, &defaults, &place).map_err(|mistake| InventoryError::SshConfig { place, mistake })
}

fn said<T>(option: Option<&Placed<T>>) -> Option<&T> {
    option.map(|option| &option.value)
}

/// Works on a value, and tells with its place what went wrong.
fn at<T, R>(placed: &Placed<T>, work: impl FnOnce(&T) -> Result<R, SshMistake>) -> Result<R, InventoryError> {
    work(&placed.value).map_err(|mistake| InventoryError::SshConfig { place: placed.place.clone(), mistake })
}

fn filled_jumps(jumps: &Placed<Jumps>, tokens: &Tokens<'_>) -> Result<Placed<Jumps>, InventoryError> {
    let fill = |jump: &Jump| -> Result<Jump, SshMistake> {
        let host = tokens.jump(&jump.host)?;
        valid_host(&host)?;
        let user = jump.user.as_deref().map(|user| tokens.jump(user)).transpose()?;
        user.as_deref().map_or(Ok(()), valid_user)?;
        Ok(Jump { host, user, port: jump.port })
    };
    let filled = at(jumps, |jumps| jumps.0.iter().map(fill).collect::<Result<_, _>>())?;
    Ok(Placed { value: Jumps(filled), place: jumps.place.clone() })
}

fn paths(files: &[Placed<String>], tokens: &Tokens<'_>) -> Result<Arc<[PathBuf]>, InventoryError> {
    let named = files.iter().filter(|file| !file.value.eq_ignore_ascii_case("none"));
    named.map(|file| at(file, |file| tokens.path(file))).collect()
}

fn agent(options: &Options, tokens: &Tokens<'_>, reach: &Reach) -> Result<Option<PathBuf>, InventoryError> {
    let Some(agent) = &options.identity_agent else {
        return Ok(reach.agent.clone());
    };
    at(agent, |agent| match agent.as_str() {
        "none" => Ok(None),
        "SSH_AUTH_SOCK" | "$SSH_AUTH_SOCK" | "${SSH_AUTH_SOCK}" => Ok(reach.agent.clone()),
        // The older form, in which a variable that is not set means no agent.
        other if other.starts_with('$') && !other.starts_with("${") => {
            Ok(value_of(&other[1..], &reach.environment).ok().map(PathBuf::from))
        }
        path => tokens.path(path).map(Some),
    })
}

fn host_keys(options: &Options, tokens: &Tokens<'_>, reach: &Reach) -> Result<HostKeys, InventoryError> {
    let user_files = match &options.user_known_hosts {
        None => reach.user_known_hosts.clone(),
        Some(said) => at(said, |files| files.iter().map(|file| tokens.path(file)).collect::<Result<_, _>>())?,
    };
    let global_files = match &options.global_known_hosts {
        None => reach.global_known_hosts.clone(),
        Some(said) => at(said, |files| files.iter().map(|file| tilde(file, &reach.home)).collect::<Result<_, _>>())?,
    };
    let mode = reach.flags.host_keys.or(reach.host_keys).or(said(options.host_keys.as_ref()).copied());
    Ok(HostKeys { mode: mode.unwrap_or_default(), user_files, global_files })
}

fn ssh_options(options: &Options, reach: &Reach) -> Result<SshOptions, InventoryError> {
    let nonzero = |time: &Duration| (!time.is_zero()).then_some(*time);
    Ok(SshOptions {
        algorithms: AlgorithmChoice {
            key_exchanges: algorithms(options.key_exchanges.as_ref(), "KexAlgorithms", &KEY_EXCHANGES)?,
            host_keys: algorithms(options.host_key_algorithms.as_ref(), "HostKeyAlgorithms", &HOST_KEYS)?,
            host_keys_on_record_first: said(options.host_key_algorithms.as_ref()).is_some_and(|list| list.added),
            ciphers: algorithms(options.ciphers.as_ref(), "Ciphers", &CIPHERS)?,
            macs: algorithms(options.macs.as_ref(), "MACs", &MACS)?,
        },
        attempts: said(options.attempts.as_ref()).copied().unwrap_or(1),
        alive_interval: said(options.alive_interval.as_ref()).and_then(nonzero),
        alive_count: said(options.alive_count.as_ref()).copied().filter(|&count| count > 0),
        address_family: said(options.address_family.as_ref()).copied().unwrap_or_default(),
        bind_address: said(options.bind_address.as_ref()).cloned(),
        send_env: selected(options.send_env.iter().map(|pattern| &pattern.value), &reach.environment),
        set_env: said(options.set_env.as_ref()).cloned().unwrap_or_default(),
        password: said(options.password.as_ref()).copied().unwrap_or(true),
        keyboard_interactive: said(options.keyboard_interactive.as_ref()).copied().unwrap_or(true),
        forward_agent: match said(options.forward_agent.as_ref()) {
            Some(true) => AgentForwarding::Refused,
            _ => AgentForwarding::No,
        },
    })
}

fn algorithms(
    said: Option<&Placed<Arc<Algorithms>>>,
    keyword: &'static str,
    offered: &[&str],
) -> Result<Option<Vec<&'static str>>, InventoryError> {
    let Some(said) = said else { return Ok(None) };
    at(said, |algorithms| match algorithms.names.as_slice() {
        [] => Err(SshMistake::NoAlgorithm { keyword, offered: offered.join(", ") }),
        names => Ok(Some(names.to_vec())),
    })
}

/// A flag that cannot be used.
pub(crate) fn bad_flag(flag: &'static str, value: &str, reason: JumpMistake) -> InventoryError {
    InventoryError::Flag { flag, value: value.to_owned(), reason }
}
