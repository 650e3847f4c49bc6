use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::HostKeyMode;

use crate::programs::{MatchExec, OpenSsh};
use crate::ssh_config::SshConfig;
use crate::variables::Variables;

/// What is known beside the inventory about how to reach a host.
///
/// Flag beats host, host beats group, group beats file, file beats ssh_config, ssh_config beats default.
#[derive(Clone, Debug)]
pub struct Reach {
    /// What the command line says. As with `ssh`, it holds for the host itself, not for its jump hosts.
    pub flags: Flags,
    /// The user's ssh_config, parsed.
    pub ssh_config: Arc<SshConfig>,
    /// The home folder, for `~` and `%d`.
    pub home: PathBuf,
    /// The local user's name: the login name if nobody says another.
    pub local_user: String,
    /// The local user's number, for `%i`.
    pub user_id: u32,
    /// The name of this machine, for `%l` and `%L`.
    pub machine: String,
    /// The environment, for `${NAME}` and `SendEnv`.
    pub environment: Variables,
    /// Who runs the commands of `Match exec`; `None`: they are not allowed.
    pub match_exec: Option<Arc<dyn MatchExec>>,
    /// Who is asked in the place of `ssh_config`. Default: nobody.
    pub openssh: Option<Arc<dyn OpenSsh>>,
    /// The agent's socket (`SSH_AUTH_SOCK`). Default: none.
    pub agent: Option<PathBuf>,
    /// Private keys that are offered if nobody names one.
    pub identities: Arc<[PathBuf]>,
    /// The user's known_hosts files, if ssh_config names no other.
    pub user_known_hosts: Vec<PathBuf>,
    /// The machine's known_hosts files, if ssh_config names no other.
    pub global_known_hosts: Vec<PathBuf>,
    /// What happens to a host whose key is not on record (`runsheet.yaml`); `None`: what ssh_config says, else it is refused.
    pub host_keys: Option<HostKeyMode>,
    /// The groups whose hosts may use the agent if ssh_config wants it (`runsheet.yaml`). Default: none.
    pub forward_agent: BTreeSet<String>,
    /// How long connecting may take (`runsheet.yaml`). Default: `ConnectTimeout` of ssh_config, else 30 s.
    pub connect_timeout: Option<Duration>,
}

impl Reach {
    /// What OpenSSH takes for a user with this home folder: its default keys in its order and its known_hosts files; no agent,
    /// no flags, an empty ssh_config, an empty environment, user number 0 on a machine named `localhost`.
    pub fn new(home: impl Into<PathBuf>, local_user: impl Into<String>) -> Self {
        let home = home.into();
        let of_user = |name: &str| home.join(".ssh").join(name);
        Self {
            flags: Flags::default(),
            ssh_config: Arc::default(),
            identities: ["id_rsa", "id_ecdsa", "id_ed25519"].map(of_user).into(),
            user_known_hosts: ["known_hosts", "known_hosts2"].map(of_user).into(),
            global_known_hosts: ["ssh_known_hosts", "ssh_known_hosts2"]
                .map(|name| PathBuf::from("/etc/ssh").join(name))
                .into(),
            agent: None,
            host_keys: None,
            connect_timeout: None,
            forward_agent: BTreeSet::new(),
            user_id: 0,
            machine: "localhost".to_owned(),
            environment: Variables::default(),
            match_exec: None,
            openssh: None,
            local_user: local_user.into(),
            home,
        }
    }
}

/// What the command line says about reaching hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-u`: the login name.
    pub user: Option<String>,
    /// The TCP port.
    pub port: Option<u16>,
    /// `-i`: private key files; with any, those of host groups and ssh_config are not offered.
    pub identities: Vec<PathBuf>,
    /// `-J`: jump hosts, `none` for a direct connection.
    pub jump: Option<String>,
    /// `-t`: how long name lookup, every hop and login may take together.
    pub connect_timeout: Option<Duration>,
    /// `--host-keys`: what happens to a host whose key is not on record.
    pub host_keys: Option<HostKeyMode>,
}
