use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use runsheet_model::{HostKeyMode, HostKeys, Phase, Unreachable};
use russh::keys::PublicKeyOrCertificate;

use crate::known_hosts::{KnownHosts, KnownHostsError, LookupName, Offer, Records, UnknownKey, Verdict};
use crate::unreachable::{for_good, with_hint};

/// Decides whether a host is the one that it should be. Made for one connection.
pub(crate) struct HostKeyCheck {
    known_hosts: Arc<KnownHosts>,
    keys: Arc<HostKeys>,
    name: LookupName,
    records: Records,
    decision: Arc<OnceLock<Decision>>,
}

/// What was decided.
pub(crate) type Decision = Result<Accepted, Unreachable>;

/// A host that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    /// Fingerprint of its key.
    pub(crate) fingerprint: String,
    /// Whether it was put on record just now.
    pub(crate) learned: bool,
}

impl HostKeyCheck {
    /// Looks up what is on record. A file that cannot be read is found here, before the host hears of us.
    pub(crate) async fn prepare(
        known_hosts: Arc<KnownHosts>,
        keys: Arc<HostKeys>,
        name: LookupName,
    ) -> Result<Self, Unreachable> {
        let records = known_hosts.records(&keys, &name).await.map_err(|error| unusable(&error))?;
        Ok(Self { known_hosts, keys, name, records, decision: Arc::default() })
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    /// Where the decision is to be found when the handshake is over.
    pub(crate) fn decision(&self) -> Arc<OnceLock<Decision>> {
        Arc::clone(&self.decision)
    }

    /// Decides, and returns whether the host is accepted.
    pub(crate) async fn decide(&self, shown: &PublicKeyOrCertificate) -> bool {
        let decision = self.judge(shown).await;
        let accepted = decision.is_ok();
        // A session has one key exchange of this kind.
        let _ = self.decision.set(decision);
        accepted
    }

    async fn judge(&self, shown: &PublicKeyOrCertificate) -> Decision {
        let offer = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => Offer::key(key),
            PublicKeyOrCertificate::Certificate(certificate) => Offer::Certificate(Box::new(certificate.clone())),
        };
        let mut verdict = self.records.judge(&self.name, &offer, SystemTime::now());
        let mut learned = false;
        if verdict == Verdict::Unknown && self.keys.mode == HostKeyMode::AcceptNew {
            match self.known_hosts.learn(&self.keys, &self.name, &offer).await {
                Ok(None) => learned = true,
                Ok(Some(now)) => verdict = now,
                Err(error) => return Err(unusable(&error)),
            }
        }
        let fingerprint = offer.fingerprint();
        if learned || verdict == Verdict::Known {
            return Ok(Accepted { fingerprint, learned });
        }
        if verdict == Verdict::Unknown {
            let (keys, name) = (Arc::clone(&self.keys), self.name.clone());
            self.known_hosts.remember(UnknownKey { name, keys, offer });
        }
        Err(refusal(&self.name.recorded, verdict, &fingerprint))
    }
}

/// Puts the key of an unknown host on record. Fails where another one has been put there meanwhile.
pub(crate) async fn learn(known_hosts: &KnownHosts, key: &UnknownKey) -> Result<(), Unreachable> {
    match known_hosts.learn(&key.keys, &key.name, &key.offer).await {
        Ok(None | Some(Verdict::Known)) => Ok(()),
        Ok(Some(verdict)) => Err(refusal(key.name(), verdict, &key.fingerprint())),
        Err(error) => Err(unusable(&error)),
    }
}

fn refusal(name: &str, verdict: Verdict, shown: &str) -> Unreachable {
    match verdict {
        Verdict::Known | Verdict::Unknown => with_hint(
            for_good(Phase::HostKey, format!("no host key of `{name}` is on record; it shows {shown}")),
            "compare that fingerprint with the host's own, then put it on record with `runsheet preflight`, or let new hosts in with `--host-keys accept-new`",
        ),
        Verdict::Changed { place, recorded } => with_hint(
            for_good(
                Phase::HostKey,
                format!(
                    "the host key of `{name}` has changed: {recorded} is on record at {}:{}, the host shows {shown}",
                    place.path.display(),
                    place.line
                ),
            ),
            format!("if the host was rebuilt, forget its old key: {}", forget(name, &place.path)),
        ),
        Verdict::Revoked { place } => for_good(
            Phase::HostKey,
            format!("the host key of `{name}`, {shown}, is revoked at {}:{}", place.path.display(), place.line),
        ),
        Verdict::BadCertificate { reason } => {
            for_good(Phase::HostKey, format!("the host key of `{name}`, {shown}, cannot be trusted: {reason}"))
        }
    }
}

fn forget(name: &str, path: &std::path::Path) -> String {
    format!("ssh-keygen -R '{name}' -f '{}'", path.display())
}

fn unusable(error: &KnownHostsError) -> Unreachable {
    let failure = for_good(Phase::Local, error.to_string());
    match error.hint() {
        Some(hint) => with_hint(failure, hint),
        None => failure,
    }
}
