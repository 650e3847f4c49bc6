use std::sync::Arc;
use std::time::Duration;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{AddressFamily, HostKeyMode};

use super::algorithms::{AlgorithmList, Algorithms};
use super::setting::Setting;
use crate::jump::Jumps;
use crate::settings::placed;

/// What ssh_config says about one host, and where. Paths and commands still carry their `~` and tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) host_name: Option<Placed<String>>,
    pub(crate) port: Option<Placed<u16>>,
    pub(crate) user: Option<Placed<String>>,
    pub(crate) identity_files: Vec<Placed<String>>,
    pub(crate) certificate_files: Vec<Placed<String>>,
    pub(crate) identities_only: Option<Placed<bool>>,
    pub(crate) identity_agent: Option<Placed<String>>,
    pub(crate) jump: Option<Placed<Jumps>>,
    pub(crate) proxy_command: Option<Placed<Option<String>>>,
    pub(crate) user_known_hosts: Option<Placed<Vec<String>>>,
    pub(crate) global_known_hosts: Option<Placed<Vec<String>>>,
    pub(crate) host_keys: Option<Placed<HostKeyMode>>,
    pub(crate) host_key_alias: Option<Placed<String>>,
    /// Zero for no limit.
    pub(crate) connect_timeout: Option<Placed<Duration>>,
    pub(crate) attempts: Option<Placed<u32>>,
    pub(crate) alive_interval: Option<Placed<Duration>>,
    pub(crate) alive_count: Option<Placed<u32>>,
    pub(crate) address_family: Option<Placed<AddressFamily>>,
    pub(crate) bind_address: Option<Placed<String>>,
    pub(crate) key_exchanges: Option<Placed<Arc<Algorithms>>>,
    pub(crate) host_key_algorithms: Option<Placed<Arc<Algorithms>>>,
    pub(crate) ciphers: Option<Placed<Arc<Algorithms>>>,
    pub(crate) macs: Option<Placed<Arc<Algorithms>>>,
    pub(crate) send_env: Vec<Placed<String>>,
    pub(crate) set_env: Option<Placed<Vec<(String, String)>>>,
    pub(crate) forward_agent: Option<Placed<bool>>,
    pub(crate) password: Option<Placed<bool>>,
    pub(crate) keyboard_interactive: Option<Placed<bool>>,
    pub(crate) second_time: Option<Placed<bool>>,
}

impl Options {
    /// Takes an option, unless one was taken before: the first value wins. Only files of keys and certificates, and
    /// `SendEnv`, add up.
    pub(crate) fn take(&mut self, place: &Place, setting: &Setting) {
        match setting {
            Setting::HostName(name) => first(&mut self.host_name, name, place),
            Setting::Port(port) => first(&mut self.port, port, place),
            Setting::User(user) => first(&mut self.user, user, place),
            Setting::IdentityFile(file) => add(&mut self.identity_files, file, place),
            Setting::CertificateFile(file) => add(&mut self.certificate_files, file, place),
            Setting::IdentitiesOnly(only) => first(&mut self.identities_only, only, place),
            Setting::IdentityAgent(agent) => first(&mut self.identity_agent, agent, place),
            // Of `ProxyJump` and `ProxyCommand` the one that comes first counts; `ProxyJump none` only ends what jumps.
            Setting::ProxyJump(_) if self.proxy_command.is_some() => {}
            Setting::ProxyJump(jumps) => first(&mut self.jump, jumps, place),
            Setting::ProxyCommand(_) if self.jump.as_ref().is_some_and(|jump| !jump.value.0.is_empty()) => {}
            Setting::ProxyCommand(command) => first(&mut self.proxy_command, command, place),
            Setting::UserKnownHosts(files) => first(&mut self.user_known_hosts, files, place),
            Setting::GlobalKnownHosts(files) => first(&mut self.global_known_hosts, files, place),
            Setting::HostKeys(mode) => first(&mut self.host_keys, mode, place),
            Setting::HostKeyAlias(alias) => first(&mut self.host_key_alias, alias, place),
            Setting::ConnectTimeout(Some(limit)) => first(&mut self.connect_timeout, limit, place),
            Setting::ConnectionAttempts(attempts) => first(&mut self.attempts, attempts, place),
            Setting::ServerAliveInterval(Some(interval)) => first(&mut self.alive_interval, interval, place),
            Setting::ConnectTimeout(None) | Setting::ServerAliveInterval(None) => {}
            Setting::ServerAliveCountMax(count) => first(&mut self.alive_count, count, place),
            Setting::AddressFamily(family) => first(&mut self.address_family, family, place),
            Setting::BindAddress(address) => first(&mut self.bind_address, address, place),
            Setting::Algorithms(list, algorithms) => {
                let slot = match list {
                    AlgorithmList::KeyExchanges => &mut self.key_exchanges,
                    AlgorithmList::HostKeys => &mut self.host_key_algorithms,
                    AlgorithmList::Ciphers => &mut self.ciphers,
                    AlgorithmList::Macs => &mut self.macs,
                };
                first(slot, algorithms, place);
            }
            Setting::SendEnv(patterns) => {
                self.send_env.extend(patterns.iter().map(|pattern| placed(pattern.clone(), place)));
            }
            Setting::SetEnv(variables) => first(&mut self.set_env, variables, place),
            Setting::Password(allowed) => first(&mut self.password, allowed, place),
            Setting::KeyboardInteractive(allowed) => first(&mut self.keyboard_interactive, allowed, place),
            Setting::ForwardAgent(wanted) => first(&mut self.forward_agent, wanted, place),
            Setting::SecondTime(wanted) => first(&mut self.second_time, wanted, place),
        }
    }
}

fn first<T: Clone>(slot: &mut Option<Placed<T>>, value: &T, place: &Place) {
    if slot.is_none() {
        *slot = Some(placed(value.clone(), place));
    }
}

fn add(files: &mut Vec<Placed<String>>, file: &str, place: &Place) {
    if !files.iter().any(|known| known.value == file) {
        files.push(placed(file.to_owned(), place));
    }
}
