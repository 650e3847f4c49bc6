use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use thiserror::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::why_not_public;

/// Looks up a name and a port in another way than this machine would, for tests.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// Looks up a name once; what it gives is what is connected to. A name with any address that is not public is refused.
pub(crate) struct GuardedResolver {
    lookup: Option<Lookup>,
}

/// A name leads to somewhere that it may not.
#[derive(Debug, Error)]
#[error("{address} is {why}")]
pub(crate) struct Forbidden {
    pub(crate) address: IpAddr,
    pub(crate) why: &'static str,
}

impl GuardedResolver {
    pub(crate) fn new(lookup: Option<Lookup>) -> Self {
        Self { lookup }
    }

    fn look_up(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let resolver = DefaultResolver::default();
        let Some(lookup) = &self.lookup else { return resolver.resolve(uri, config, timeout) };
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(ureq::Error::HostNotFound);
        };
        let name = DefaultResolver::host_and_port(scheme, authority).unwrap_or_default();
        let mut addresses = resolver.empty();
        for address in lookup(&name)? {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

impl Resolver for GuardedResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = self.look_up(uri, config, timeout)?;
        for address in &addresses {
            if let Some(why) = why_not_public(address.ip()) {
                let forbidden = Forbidden { address: address.ip(), why };
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, forbidden).into());
            }
        }
        Ok(addresses)
    }
}

impl fmt::Debug for GuardedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardedResolver")
    }
}
