use std::time::Duration;

/// What ssh_config says about a connection beside who, where and with which keys. The default says nothing: runsheet's own
/// choices stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshOptions {
    /// The algorithms that are offered.
    pub algorithms: AlgorithmChoice,
    /// How often connecting is tried, a second apart (`ConnectionAttempts`). Default: 1.
    pub attempts: u32,
    /// How long nothing may come before the host is asked for a sign of life (`ServerAliveInterval`). Default: runsheet's own.
    pub alive_interval: Option<Duration>,
    /// How many such questions may stay unanswered (`ServerAliveCountMax`). Default: runsheet's own.
    pub alive_count: Option<u32>,
    /// Which addresses of a name are tried (`AddressFamily`).
    pub address_family: AddressFamily,
    /// The address of this machine from which the connection comes (`BindAddress`).
    pub bind_address: Option<String>,
    /// Variables that commands get if the host takes them (`SendEnv`).
    pub send_env: Vec<(String, String)>,
    /// Variables that commands get, whether the host takes them or not (`SetEnv`).
    pub set_env: Vec<(String, String)>,
    /// Whether the login password may be sent (`PasswordAuthentication`). Default: yes.
    pub password: bool,
    /// Whether it may be the answer to a question of the host (`KbdInteractiveAuthentication`). Default: yes.
    pub keyboard_interactive: bool,
    /// Whether commands on the host may use the agent (`ForwardAgent`).
    pub forward_agent: AgentForwarding,
}

impl Default for SshOptions {
    fn default() -> Self {
        Self {
            algorithms: AlgorithmChoice::default(),
            attempts: 1,
            alive_interval: None,
            alive_count: None,
            address_family: AddressFamily::Any,
            bind_address: None,
            send_env: Vec::new(),
            set_env: Vec::new(),
            password: true,
            keyboard_interactive: true,
            forward_agent: AgentForwarding::No,
        }
    }
}

/// Whether commands on a host may use the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgentForwarding {
    /// Nobody wants it.
    #[default]
    No,
    /// ssh_config wants it, and `runsheet.yaml` does not allow it.
    Refused,
    /// ssh_config wants it, and `runsheet.yaml` allows it.
    Allowed,
}

/// Which addresses of a name are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressFamily {
    /// All of them.
    #[default]
    Any,
    /// IPv4.
    Inet,
    /// IPv6.
    Inet6,
}

/// Which algorithms are offered, by their names in SSH and the best first. `None`: all that runsheet has, in its own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlgorithmChoice {
    /// `KexAlgorithms`, out of [`KEY_EXCHANGES`].
    pub key_exchanges: Option<Vec<&'static str>>,
    /// `HostKeyAlgorithms`, out of [`HOST_KEYS`].
    pub host_keys: Option<Vec<&'static str>>,
    /// Whether host keys of a type that is on record come first all the same, as where the list is only added to.
    pub host_keys_on_record_first: bool,
    /// `Ciphers`, out of [`CIPHERS`].
    pub ciphers: Option<Vec<&'static str>>,
    /// `MACs`, out of [`MACS`].
    pub macs: Option<Vec<&'static str>>,
}

/// The key exchanges that are ever offered, the best first: nothing with SHA-1.
pub const KEY_EXCHANGES: [&str; 10] = [
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
];

/// The ciphers that are ever offered, the best first: nothing with CBC, nothing without authentication. AES in GCM comes first:
/// processors of servers do it in hardware, and it never was open to CVE-2023-48795.
pub const CIPHERS: [&str; 6] = [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
];

/// The message authentication codes that are ever offered, the best first: nothing with SHA-1.
pub const MACS: [&str; 4] =
    ["hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512", "hmac-sha2-256"];

/// The signatures with which a host may prove itself, certificates first: no RSA with SHA-1, which can be forged.
pub const HOST_KEYS: [&str; 12] = [
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
];
