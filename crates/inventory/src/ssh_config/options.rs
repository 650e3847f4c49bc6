use std::time::Duration;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::HostKeyMode;

use super::block::Setting;
use crate::jump::Jumps;
use crate::settings::placed;

/// What ssh_config says about one host. Paths still carry their `~` and tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) host_name: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) identity_files: Vec<Placed<String>>,
    pub(crate) identities_only: Option<bool>,
    pub(crate) identity_agent: Option<Placed<String>>,
    pub(crate) jump: Option<Jumps>,
    pub(crate) proxy_command: Option<Place>,
    pub(crate) user_known_hosts: Option<Placed<Vec<String>>>,
    pub(crate) global_known_hosts: Option<Placed<Vec<String>>>,
    pub(crate) host_keys: Option<HostKeyMode>,
    pub(crate) host_key_alias: Option<String>,
    /// Zero for no limit.
    pub(crate) connect_timeout: Option<Duration>,
}

impl Options {
    /// Takes an option, unless one was taken before: the first value wins. Only identity files add up.
    pub(crate) fn take(&mut self, place: &Place, setting: &Setting) {
        match setting {
            Setting::HostName(name) => first(&mut self.host_name, name),
            Setting::Port(port) => first(&mut self.port, port),
            Setting::User(user) => first(&mut self.user, user),
            Setting::IdentityFile(file) => {
                if !self.identity_files.iter().any(|known| known.value == *file) {
                    self.identity_files.push(placed(file.clone(), place));
                }
            }
            Setting::IdentitiesOnly(only) => first(&mut self.identities_only, only),
            Setting::IdentityAgent(agent) => first(&mut self.identity_agent, &placed(agent.clone(), place)),
            // Of `ProxyJump` and `ProxyCommand` the one that comes first counts.
            Setting::ProxyJump(jumps) if self.proxy_command.is_none() => first(&mut self.jump, jumps),
            Setting::ProxyCommand if self.jump.is_none() => first(&mut self.proxy_command, place),
            Setting::ProxyJump(_) | Setting::ProxyCommand => {}
            Setting::UserKnownHosts(files) => first(&mut self.user_known_hosts, &placed(files.clone(), place)),
            Setting::GlobalKnownHosts(files) => first(&mut self.global_known_hosts, &placed(files.clone(), place)),
            Setting::HostKeys(mode) => first(&mut self.host_keys, mode),
            Setting::HostKeyAlias(alias) => first(&mut self.host_key_alias, alias),
            Setting::ConnectTimeout(limit) => first(&mut self.connect_timeout, limit),
        }
    }
}

fn first<T: Clone>(slot: &mut Option<T>, value: &T) {
    if slot.is_none() {
        *slot = Some(value.clone());
    }
}
