use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{Endpoint, Hop, HostKeys, HostName, valid_user};

use crate::error::InventoryError;
use crate::inventory::Inventory;
use crate::jump::{JumpMistake, Jumps};
use crate::reach::Reach;
use crate::ssh_config::{Options, Question, SshMistake, Tokens, tilde};

/// How long connecting may take if nobody says it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

const SSH_PORT: u16 = 22;

/// The most servers on the way to a host, itself included.
const MOST_HOPS: usize = 16;

impl Inventory {
    /// Says how a host is reached; it need not be listed.
    ///
    /// ssh_config is asked as `ssh ADDRESS` would ask it: by the host's `address`, else by its name. A jump host is looked up
    /// in the inventory first (a protected one may be one); the first of a chain brings its own jump hosts along.
    ///
    /// # Errors
    ///
    /// Groups that disagree about the host, a host that would be reached through itself, and settings that are not honoured
    /// and would make the connection end elsewhere.
    pub fn resolve(&self, host: &HostName, reach: &Reach) -> Result<Endpoint, InventoryError> {
        let mut wanted = self.wanted(host, &reach.home)?;
        let flags = &reach.flags;
        if let Some(user) = &flags.user {
            valid_user(user).map_err(|error| flag("-u", user, error.into()))?;
            wanted.user = Some(user.clone());
        }
        wanted.port = flags.port.or(wanted.port);
        if !flags.identities.is_empty() {
            wanted.identities = Some(flags.identities.clone());
        }
        if let Some(jump) = &flags.jump {
            wanted.jump = Some(Jumps::parse(jump).map_err(|error| flag("-J", jump, error))?);
        }
        let found = wanted.hop(host, reach)?;
        let mut way =
            Way { inventory: self, reach, host, seen: vec![label(host.as_str(), &found.hop)], hops: Vec::new() };
        way.go(&found.jump)?;
        Ok(Endpoint {
            host: host.clone(),
            target: found.hop,
            jumps: way.hops,
            connect_timeout: flags.connect_timeout.or(found.connect_timeout).unwrap_or(CONNECT_TIMEOUT),
        })
    }

    /// What the inventory says about reaching a host.
    fn wanted(&self, host: &HostName, home: &Path) -> Result<Wanted, InventoryError> {
        let Some(scope) = self.scope(host) else {
            return Ok(Wanted::default());
        };
        let identity = scope.weigh("identity", |layer| layer.identity.as_ref())?;
        let identity = identity.map(|file| match file.value.to_str() {
            Some(text) if text.starts_with('~') => tilde(text, home).map_err(|mistake| wrong(&file.place, mistake)),
            _ => Ok(file.value.clone()),
        });
        Ok(Wanted {
            unhonoured: scope.layers().find_map(|layer| layer.unhonoured.clone()),
            address: scope.address()?.map(|address| address.value.clone()),
            user: scope.weigh("user", |layer| layer.user.as_ref())?.map(|user| user.value.clone()),
            port: scope.weigh("port", |layer| layer.port.as_ref())?.map(|port| port.value),
            identities: identity.transpose()?.map(|file| vec![file]),
            jump: scope.weigh("jump", |layer| layer.jump.as_ref())?.map(|jump| jump.value.clone()),
        })
    }
}

/// What beats ssh_config.
#[derive(Default)]
struct Wanted {
    address: Option<String>,
    user: Option<String>,
    port: Option<u16>,
    identities: Option<Vec<PathBuf>>,
    jump: Option<Jumps>,
    unhonoured: Option<Placed<String>>,
}

/// One server on the way, and how it is reached itself.
struct Found {
    hop: Hop,
    jump: Jumps,
    connect_timeout: Option<Duration>,
}

impl Wanted {
    /// Adds what ssh_config says and the defaults.
    fn hop(self, host: &HostName, reach: &Reach) -> Result<Found, InventoryError> {
        let original = self.address.as_deref().unwrap_or(host.as_str());
        let question = Question { host: original, user: self.user.as_deref(), local_user: &reach.local_user };
        let options = reach.ssh_config.ask(question);
        // Whoever names jump hosts (or `none`) has said how the host is reached.
        if self.jump.is_none() {
            if let Some(setting) = &self.unhonoured {
                return Err(unhonoured(host, &setting.place, &setting.value));
            }
            if let Some(place) = &options.proxy_command {
                return Err(unhonoured(host, place, "`ProxyCommand`"));
            }
        }
        let address = match (&self.address, &options.host_name) {
            (None, Some(name)) => name.clone(),
            _ => original.to_owned(),
        };
        let user = options.user.clone().unwrap_or_else(|| reach.local_user.clone());
        let port = self.port.or(options.port).unwrap_or(SSH_PORT);
        let tokens = Tokens {
            address: &address,
            original,
            alias: options.host_key_alias.as_deref().unwrap_or(original),
            port,
            user: &user,
            local_user: &reach.local_user,
            home: &reach.home,
        };
        let identities = match &self.identities {
            Some(files) => Arc::from(files.as_slice()),
            None => identities(&options, &tokens, reach)?,
        };
        let agent = agent(&options, &tokens, reach)?;
        let host_keys = Arc::new(HostKeys {
            mode: reach.host_keys.or(options.host_keys).unwrap_or_default(),
            user_files: known_hosts(options.user_known_hosts.as_ref(), &tokens, &reach.user_known_hosts)?,
            global_files: known_hosts(options.global_known_hosts.as_ref(), &tokens, &reach.global_known_hosts)?,
        });
        let hop = Hop {
            port,
            identities,
            identities_only: options.identities_only.unwrap_or(false),
            agent,
            host_keys,
            host_key_alias: options.host_key_alias.clone(),
            address: address.clone(),
            user: user.clone(),
        };
        Ok(Found {
            hop,
            jump: self.jump.or(options.jump).unwrap_or_default(),
            connect_timeout: options.connect_timeout.filter(|limit| !limit.is_zero()),
        })
    }
}

/// The jump hosts on the way to a host.
struct Way<'a> {
    inventory: &'a Inventory,
    reach: &'a Reach,
    host: &'a HostName,
    /// Each server on the way so far: what people call it, address and port.
    seen: Vec<(String, String, u16)>,
    hops: Vec<Hop>,
}

impl Way<'_> {
    /// Adds a chain, and before it the way to its first jump host.
    fn go(&mut self, chain: &Jumps) -> Result<(), InventoryError> {
        let mut own = None;
        let mut hops = Vec::new();
        for (index, jump) in chain.0.iter().enumerate() {
            let name = HostName::new(jump.host.clone())
                .map_err(|error| flag("-J", &jump.to_string(), JumpMistake::Name(error)))?;
            let mut wanted = self.inventory.wanted(&name, &self.reach.home)?;
            wanted.user = jump.user.clone().or(wanted.user);
            wanted.port = jump.port.or(wanted.port);
            if index > 0 {
                // The chain says how this one is reached.
                wanted.jump = Some(Jumps::default());
            }
            let found = wanted.hop(&name, self.reach)?;
            let label = label(&jump.host, &found.hop);
            let again = self.seen.iter().any(|(_, address, port)| (address, port) == (&label.1, &label.2));
            self.seen.push(label);
            if again {
                let way = self.seen.drain(..).map(|(name, _, _)| name).collect();
                return Err(InventoryError::JumpLoop { host: self.host.clone(), way });
            }
            if self.seen.len() > MOST_HOPS {
                return Err(InventoryError::TooManyJumps { host: self.host.clone(), limit: MOST_HOPS });
            }
            if index == 0 {
                own = Some(found.jump);
            }
            hops.push(found.hop);
        }
        if let Some(own) = own {
            self.go(&own)?;
        }
        self.hops.extend(hops);
        Ok(())
    }
}

fn label(name: &str, hop: &Hop) -> (String, String, u16) {
    (name.to_owned(), hop.address.clone(), hop.port)
}

fn identities(options: &Options, tokens: &Tokens<'_>, reach: &Reach) -> Result<Arc<[PathBuf]>, InventoryError> {
    if options.identity_files.is_empty() {
        return Ok(Arc::clone(&reach.identities));
    }
    let named = options.identity_files.iter().filter(|file| !file.value.eq_ignore_ascii_case("none"));
    named.map(|file| tokens.path(&file.value).map_err(|mistake| wrong(&file.place, mistake))).collect()
}

fn agent(options: &Options, tokens: &Tokens<'_>, reach: &Reach) -> Result<Option<PathBuf>, InventoryError> {
    let Some(agent) = &options.identity_agent else {
        return Ok(reach.agent.clone());
    };
    match agent.value.as_str() {
        none if none.eq_ignore_ascii_case("none") => Ok(None),
        "SSH_AUTH_SOCK" | "$SSH_AUTH_SOCK" | "${SSH_AUTH_SOCK}" => Ok(reach.agent.clone()),
        other if other.starts_with('$') => Err(wrong(&agent.place, SshMistake::Token { token: other.to_owned() })),
        path => tokens.path(path).map(Some).map_err(|mistake| wrong(&agent.place, mistake)),
    }
}

fn known_hosts(
    said: Option<&Placed<Vec<String>>>,
    tokens: &Tokens<'_>,
    default: &[PathBuf],
) -> Result<Vec<PathBuf>, InventoryError> {
    let Some(said) = said else { return Ok(default.to_vec()) };
    said.value.iter().map(|file| tokens.path(file).map_err(|mistake| wrong(&said.place, mistake))).collect()
}

fn wrong(place: &Place, mistake: SshMistake) -> InventoryError {
    InventoryError::SshConfig { place: place.clone(), mistake }
}

fn unhonoured(host: &HostName, place: &Place, setting: &str) -> InventoryError {
    InventoryError::Unhonoured { host: host.clone(), place: place.clone(), setting: setting.to_owned() }
}

fn flag(flag: &'static str, value: &str, reason: JumpMistake) -> InventoryError {
    InventoryError::Flag { flag, value: value.to_owned(), reason }
}
