use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::{AgentForwarding, Endpoint, HostName, valid_user};

use crate::error::InventoryError;
use crate::hop::{Found, Wanted, bad_flag};
use crate::inventory::Inventory;
use crate::jump::{JumpMistake, Jumps};
use crate::reach::Reach;
use crate::source::{Said, Source};
use crate::ssh_config::tilde;

/// How long connecting may take if nobody says it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The most servers on the way to a host, itself included.
const MOST_HOPS: usize = 16;

/// A host, its jump hosts, and who decided what.
pub(crate) struct Resolved {
    pub(crate) target: Found,
    /// The nearest to us first.
    pub(crate) jumps: Vec<Found>,
    pub(crate) connect_timeout: Said<Duration>,
}

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
        let resolved = self.resolved(host, reach)?;
        Ok(Endpoint {
            host: host.clone(),
            target: resolved.target.hop,
            jumps: resolved.jumps.into_iter().map(|jump| jump.hop).collect(),
            connect_timeout: resolved.connect_timeout.value,
        })
    }

    pub(crate) fn resolved(&self, host: &HostName, reach: &Reach) -> Result<Resolved, InventoryError> {
        let mut wanted = self.wanted(host, &reach.home)?;
        let flags = &reach.flags;
        if let Some(user) = &flags.user {
            valid_user(user).map_err(|error| bad_flag("-u", user, error.into()))?;
        }
        wanted.user = Said::by_flag("-u", flags.user.as_ref()).or(wanted.user);
        wanted.port = Said::by_flag("--port", flags.port.as_ref()).or(wanted.port);
        if !flags.identities.is_empty() {
            wanted.identities = Some(Said { value: flags.identities.clone(), source: Source::Flag("-i") });
        }
        if let Some(jump) = &flags.jump {
            let value = Jumps::parse(jump).map_err(|error| bad_flag("-J", jump, error))?;
            wanted.jump = Some(Said { value, source: Source::Flag("-J") });
        }
        let mut target = wanted.hop(host, reach)?;
        let options = &mut target.hop.options;
        if options.forward_agent == AgentForwarding::Refused
            && self.groups_of(host).iter().any(|group| reach.forward_agent.contains(*group))
        {
            Arc::make_mut(options).forward_agent = AgentForwarding::Allowed;
        }
        let mut way = Way { inventory: self, reach, host, seen: vec![label(&target)], hops: Vec::new() };
        way.go(&target.jump)?;
        let project = reach.connect_timeout.map(|value| Said { value, source: Source::Project });
        let connect_timeout = Said::by_flag("-t", flags.connect_timeout.as_ref())
            .or(project)
            .or(target.connect_timeout.clone())
            .unwrap_or(Said { value: CONNECT_TIMEOUT, source: Source::Default });
        Ok(Resolved { jumps: way.hops, target, connect_timeout })
    }

    /// What the inventory says about reaching a host.
    fn wanted(&self, host: &HostName, home: &Path) -> Result<Wanted, InventoryError> {
        let Some(scope) = self.scope(host) else {
            return Ok(Wanted::default());
        };
        let identity = scope.weigh("identity", |layer| layer.identity.as_ref())?;
        let identity = identity.map(|file| {
            let value = match file.value.to_str() {
                Some(text) if text.starts_with('~') => tilde(text, home)
                    .map_err(|mistake| InventoryError::SshConfig { place: file.place.clone(), mistake })?,
                _ => file.value.clone(),
            };
            Ok::<_, InventoryError>(Said { value: vec![value], source: Source::File(file.place.clone()) })
        });
        Ok(Wanted {
            unhonoured: scope.layers().find_map(|layer| layer.unhonoured.clone()),
            address: scope.address()?.map(Said::in_file),
            user: scope.weigh("user", |layer| layer.user.as_ref())?.map(Said::in_file),
            port: scope.weigh("port", |layer| layer.port.as_ref())?.map(Said::in_file),
            identities: identity.transpose()?,
            jump: scope.weigh("jump", |layer| layer.jump.as_ref())?.map(Said::in_file),
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
    hops: Vec<Found>,
}

impl Way<'_> {
    /// Adds a chain, and before it the way to its first jump host.
    fn go(&mut self, chain: &Said<Jumps>) -> Result<(), InventoryError> {
        let mut own = None;
        let mut hops = Vec::new();
        for (index, jump) in chain.value.0.iter().enumerate() {
            let name = HostName::new(jump.host.clone())
                .map_err(|error| bad_flag("-J", &jump.to_string(), JumpMistake::Name(error)))?;
            let mut wanted = self.inventory.wanted(&name, &self.reach.home)?;
            let in_chain = || chain.source.clone();
            wanted.user = jump.user.clone().map(|value| Said { value, source: in_chain() }).or(wanted.user);
            wanted.port = jump.port.map(|value| Said { value, source: in_chain() }).or(wanted.port);
            if index > 0 {
                // The chain says how this one is reached.
                wanted.jump = Some(Said { value: Jumps::default(), source: in_chain() });
            }
            let found = wanted.hop(&name, self.reach)?;
            let label = label(&found);
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
                own = Some(found.jump.clone());
            }
            hops.push(found);
        }
        if let Some(own) = own {
            self.go(&own)?;
        }
        self.hops.extend(hops);
        Ok(())
    }
}

fn label(found: &Found) -> (String, String, u16) {
    (found.name.clone(), found.hop.address.clone(), found.hop.port)
}
