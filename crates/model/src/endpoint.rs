use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::{HostName, SshOptions};

/// How a host is reached: everything a connection needs to know, resolved before any connection is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The name under which the host stands in its host group.
    pub host: HostName,
    /// The host itself.
    pub target: Hop,
    /// The jump hosts on the way, the one nearest to us first; empty for a direct connection.
    pub jumps: Vec<Hop>,
    /// How long name lookup, every hop, key exchange and login may take together. Default: 30 s.
    pub connect_timeout: Duration,
}

impl Endpoint {
    /// The machine that runs runsheet, which is not connected to.
    pub fn local(host: HostName) -> Self {
        let host_keys = HostKeys { mode: HostKeyMode::Strict, user_files: Vec::new(), global_files: Vec::new() };
        let target = Hop {
            address: "local".to_owned(),
            port: 0,
            user: String::new(),
            identities: Arc::default(),
            identities_only: true,
            agent: None,
            certificates: Arc::default(),
            host_keys: Arc::new(host_keys),
            host_key_alias: None,
            proxy_command: None,
            options: Arc::default(),
        };
        Self { host, target, jumps: Vec::new(), connect_timeout: Duration::from_secs(30) }
    }

    /// Whether it is the machine that runs runsheet: no server listens at port 0.
    pub fn is_local(&self) -> bool {
        self.target.port == 0
    }
}

/// One SSH server on the way: where it listens, and as whom and with what one logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Name or IP address to dial.
    pub address: String,
    /// TCP port. Default: 22.
    pub port: u16,
    /// Login name.
    pub user: String,
    /// Private key files, in the order in which they are offered. A file of the default set that is missing is passed over.
    pub identities: Arc<[PathBuf]>,
    /// Whether keys of the agent that are not among `identities` are left alone.
    pub identities_only: bool,
    /// The agent's socket, if an agent is to be asked.
    pub agent: Option<PathBuf>,
    /// User certificate files (`CertificateFile`). Where there is none, `KEY-cert.pub` next to each identity is one.
    pub certificates: Arc<[PathBuf]>,
    /// How its host key is checked.
    pub host_keys: Arc<HostKeys>,
    /// The name under which its host key is looked up instead of its address (`HostKeyAlias`).
    pub host_key_alias: Option<String>,
    /// The command whose standard input and output are the connection, tokens expanded (`ProxyCommand`); it is for `/bin/sh -c`.
    pub proxy_command: Option<String>,
    /// What else ssh_config says about the connection.
    pub options: Arc<SshOptions>,
}

/// Where host keys are on record and what happens to a host that is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKeys {
    /// What happens to an unknown host.
    pub mode: HostKeyMode,
    /// `UserKnownHostsFile`: read in this order; a learned key goes into the first.
    pub user_files: Vec<PathBuf>,
    /// `GlobalKnownHostsFile`: read only.
    pub global_files: Vec<PathBuf>,
}

/// What happens to a host whose key is not on record. A changed or revoked key is refused in every mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HostKeyMode {
    /// It is refused.
    #[default]
    Strict,
    /// Its key is put on record, if no key of any type is on record for that name.
    AcceptNew,
}
