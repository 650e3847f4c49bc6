use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use runsheet_model::Endpoint;

use crate::certificates::Unfit;
use crate::credentials::{Credentials, Keyring};

/// What stands in the way of logging in, as far as it can be told before any host hears of us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The keys that are encrypted and that no agent has, in the order in which they are first needed.
    pub locked: Vec<LockedKey>,
    /// The user certificates that no host would take, by what they are called.
    pub unfit: Vec<(String, Unfit)>,
}

/// A key that is of use only with its passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedKey {
    /// Its file.
    pub path: PathBuf,
    /// The address of a host on which one could not log in at all without it, if there is one.
    pub only_way_to: Option<String>,
}

impl Survey {
    /// Looks at all hops of some endpoints. Those that log in with the same are looked at once.
    pub(crate) async fn of(endpoints: &[Endpoint], keyring: &Keyring, has_password: bool) -> Self {
        let mut survey = Self::default();
        let mut seen = HashSet::new();
        let mut named = BTreeSet::new();
        let hops = endpoints.iter().flat_map(|endpoint| {
            let jumps = endpoint.jumps.iter().map(|jump| (jump, false));
            jumps.chain([(&endpoint.target, has_password)])
        });
        for (hop, has_password) in hops {
            if !seen.insert((has_password, &hop.agent, &hop.identities, hop.identities_only, &hop.certificates)) {
                continue;
            }
            let found = Credentials::find(hop, keyring).await;
            let only_way_to = (found.all.is_empty() && !has_password).then(|| hop.address.clone());
            for path in found.locked {
                match survey.locked.iter_mut().find(|key| key.path == path) {
                    Some(known) => known.only_way_to = known.only_way_to.take().or_else(|| only_way_to.clone()),
                    None => survey.locked.push(LockedKey { path, only_way_to: only_way_to.clone() }),
                }
            }
            survey.unfit.extend(found.unfit.into_iter().filter(|(name, _)| named.insert(name.clone())));
        }
        survey
    }
}
