use runsheet_model::Hop;

/// The port that a known_hosts file does not mention.
const DEFAULT_PORT: u16 = 22;

/// The names under which a host's key is looked up, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LookupName {
    /// As it is written down: the alias, else the address, in the form `[address]:port` unless the port is 22.
    pub(crate) recorded: String,
    /// The address alone, where it is not the recorded name already and no alias stands for it. A key that is on record
    /// for it is good for any port, as with OpenSSH; another key on record for it says nothing about this port.
    pub(crate) without_port: Option<String>,
    /// What a certificate has to name.
    pub(crate) principal: String,
}

impl LookupName {
    pub(crate) fn of(hop: &Hop) -> Self {
        if let Some(alias) = &hop.host_key_alias {
            let alias = alias.to_ascii_lowercase();
            return Self { recorded: alias.clone(), without_port: None, principal: alias };
        }
        let address = hop.address.to_ascii_lowercase();
        if hop.port == DEFAULT_PORT {
            return Self { recorded: address.clone(), without_port: None, principal: address };
        }
        Self { recorded: format!("[{address}]:{}", hop.port), without_port: Some(address.clone()), principal: address }
    }
}
