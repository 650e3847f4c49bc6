use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use runsheet_model::{Hop, Phase, Secret, Unreachable};
use russh::keys::agent::AgentIdentity;
use russh::keys::{Certificate, PrivateKey, PublicKey};

use crate::agent::{AgentKey, Agents};
use crate::certificates::{CertificateFile, Certificates, Unfit, beside, unfit};
use crate::identities::{Identities, Identity, is_on_device};
use crate::known_hosts::fingerprint;
use crate::settings::Deadlines;
use crate::unreachable::{for_good, with_hint};

/// Where credentials come from: the files and agents of this machine, each asked once in a run.
#[derive(Debug)]
pub(crate) struct Keyring {
    pub(crate) identities: Identities,
    pub(crate) certificates: Certificates,
    pub(crate) agents: Agents,
}

impl Keyring {
    /// Makes one that has asked nobody yet.
    pub(crate) fn new(deadlines: &Deadlines) -> Self {
        Self {
            identities: Identities::new(deadlines.local),
            certificates: Certificates::new(deadlines.local),
            agents: Agents::new(deadlines.agent),
        }
    }
}

/// What one can log in with on one host, in the order in which it is tried.
pub(crate) struct Credentials {
    pub(crate) all: Vec<Credential>,
    /// The login password, which is tried last.
    pub(crate) password: Option<Arc<Secret<String>>>,
    /// What was looked at and cannot be used, for whoever has to find out why a login failed.
    passed_over: Vec<String>,
    /// The files among those that are encrypted.
    pub(crate) locked: Vec<PathBuf>,
    /// The certificates among those that no host would take, each with its name.
    pub(crate) unfit: Vec<(String, Unfit)>,
}

/// A key, or a certificate for one, and who signs with it.
pub(crate) struct Credential {
    pub(crate) key: PublicKey,
    /// What is shown to the host in place of the key.
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) holder: Holder,
    /// How it is called in messages.
    pub(crate) label: String,
}

/// Who has the private half of a key.
#[derive(Clone)]
pub(crate) enum Holder {
    /// We do.
    File(Arc<PrivateKey>),
    /// An agent, which knows it as `held`.
    Agent { socket: PathBuf, held: Box<AgentIdentity> },
}

/// A key that was configured, and who signs with it.
struct Own {
    path: PathBuf,
    key: PublicKey,
    holder: Holder,
    label: String,
}

impl Credentials {
    /// Gathers them. Finding none is a failure here already: a host that sees somebody leave without a login may bar the
    /// address.
    pub(crate) async fn gather(
        hop: &Hop,
        keyring: &Keyring,
        password: Option<Arc<Secret<String>>>,
    ) -> Result<Self, Unreachable> {
        let found = Self { password, ..Self::find(hop, keyring).await };
        if found.all.is_empty() && found.password.is_none() {
            let failure = for_good(Phase::Local, format!("there is no key to log in with{}", found.passed_over_text()));
            return Err(found.hint(failure));
        }
        Ok(found)
    }

    /// Finds them: certificates that are named, the configured keys in their order, each after its certificates, then what
    /// else the agent has, unless the host is only to see the configured ones.
    pub(crate) async fn find(hop: &Hop, keyring: &Keyring) -> Self {
        let mut found =
            Self { all: Vec::new(), password: None, passed_over: Vec::new(), locked: Vec::new(), unfit: Vec::new() };
        let in_agent = found.list_agent(hop, &keyring.agents).await;
        let own = found.list_own(hop, &keyring.identities, &in_agent).await;
        found.add_named(hop, &keyring.certificates, &own, &in_agent).await;
        for own in own {
            if hop.certificates.is_empty() {
                found.add_beside(&own, &keyring.certificates).await;
            }
            if !hop.identities_only {
                for held in in_agent.iter().filter(|held| same(&held.key, &own.key)) {
                    found.add_held_certificate(hop, held);
                }
            }
            found.add(Credential { key: own.key, certificate: None, holder: own.holder, label: own.label });
        }
        if !hop.identities_only {
            for held in in_agent.iter() {
                found.add_held_certificate(hop, held);
            }
            for held in in_agent.iter().filter(|held| held.certificate.is_none()) {
                if let Some(holder) = holder(hop, held) {
                    let (key, label) = (held.key.clone(), label(held));
                    found.add(Credential { key, certificate: None, holder, label });
                }
            }
        }
        found
    }

    async fn list_agent(&mut self, hop: &Hop, agents: &Agents) -> Arc<[AgentKey]> {
        let Some(socket) = &hop.agent else { return Arc::default() };
        agents.keys(socket).await.unwrap_or_else(|reason| {
            self.passed_over.push(format!("the agent at {}: {reason}", socket.display()));
            Arc::default()
        })
    }

    async fn list_own(&mut self, hop: &Hop, identities: &Identities, in_agent: &[AgentKey]) -> Vec<Own> {
        let mut own = Vec::new();
        for path in hop.identities.iter() {
            let label = path.display();
            match identities.load(path).await {
                Identity::Key(private) => own.push(Own {
                    path: path.clone(),
                    key: private.public_key().clone(),
                    holder: Holder::File(private),
                    label: label.to_string(),
                }),
                Identity::Public(key) => {
                    if let Some(holder) = held(hop, in_agent, &key) {
                        own.push(Own { path: path.clone(), key, holder, label: format!("{label} (agent)") });
                    } else {
                        let what = if is_on_device(&key) { "a security key" } else { "only its public half is there" };
                        self.passed_over.push(format!("{label}: {what}, and no agent has it"));
                    }
                }
                Identity::Locked(key) => {
                    if let Some((holder, key)) = key.and_then(|key| Some((held(hop, in_agent, &key)?, key))) {
                        own.push(Own { path: path.clone(), key, holder, label: format!("{label} (agent)") });
                    } else {
                        self.passed_over.push(format!("{label}: encrypted, and no agent has it"));
                        self.locked.push(path.clone());
                    }
                }
                Identity::Missing => self.passed_over.push(format!("{label}: not there")),
                Identity::Unusable(reason) => self.passed_over.push(format!("{label}: {reason}")),
            }
        }
        own
    }

    /// Adds the certificates that are named. Who signs may be a configured key, or one that the agent has.
    async fn add_named(&mut self, hop: &Hop, certificates: &Certificates, own: &[Own], in_agent: &[AgentKey]) {
        for path in hop.certificates.iter() {
            let label = path.display();
            match certificates.load(path).await {
                CertificateFile::Usable(certificate) => {
                    let key = PublicKey::from(certificate.public_key().clone());
                    let mine = own.iter().find(|own| same(&own.key, &key)).map(|own| own.holder.clone());
                    let others = || held(hop, in_agent, &key).filter(|_| !hop.identities_only);
                    match mine.or_else(others) {
                        Some(holder) => {
                            let label = label.to_string();
                            self.add(Credential { key, certificate: Some(certificate), holder, label });
                        }
                        None => self.passed_over.push(format!("{label}: its private key is not there")),
                    }
                }
                CertificateFile::Missing => self.passed_over.push(format!("{label}: not there")),
                CertificateFile::Unfit(unfit) => self.pass_over_unfit(label.to_string(), unfit),
                CertificateFile::Unusable(reason) => self.passed_over.push(format!("{label}: {reason}")),
            }
        }
    }

    /// Adds the certificate that lies beside a key.
    async fn add_beside(&mut self, own: &Own, certificates: &Certificates) {
        let path = certificate_path(&own.path);
        let label = path.display();
        match certificates.load(&path).await {
            CertificateFile::Usable(certificate) if certificate.public_key() == own.key.key_data() => {
                let (key, holder, label) = (own.key.clone(), own.holder.clone(), label.to_string());
                self.add(Credential { key, certificate: Some(certificate), holder, label });
            }
            CertificateFile::Usable(_) => self.passed_over.push(format!("{label}: it is for another key")),
            CertificateFile::Missing => {}
            CertificateFile::Unfit(unfit) => self.pass_over_unfit(label.to_string(), unfit),
            CertificateFile::Unusable(reason) => self.passed_over.push(format!("{label}: {reason}")),
        }
    }

    fn add_held_certificate(&mut self, hop: &Hop, held: &AgentKey) {
        let (Some(certificate), Some(holder)) = (&held.certificate, holder(hop, held)) else { return };
        let label = label(held);
        if let Some(unfit) = unfit(certificate, SystemTime::now()) {
            self.pass_over_unfit(label, unfit);
            return;
        }
        let (key, certificate) = (held.key.clone(), Some(Arc::clone(certificate)));
        self.add(Credential { key, certificate, holder, label });
    }

    fn pass_over_unfit(&mut self, label: String, unfit: Unfit) {
        if !self.unfit.iter().any(|(known, _)| *known == label) {
            self.passed_over.push(format!("{label}: {unfit}"));
            self.unfit.push((label, unfit));
        }
    }

    /// Adds one, unless the host would see the same twice.
    fn add(&mut self, new: Credential) {
        let known = |old: &Credential| same(&old.key, &new.key) && old.certificate == new.certificate;
        if !self.all.iter().any(known) {
            self.all.push(new);
        }
    }

    /// What tells these from others: the login name, and all that a host would see.
    pub(crate) fn identity(&self, user: &str) -> Vec<u8> {
        let shown = |credential: &Credential| match &credential.certificate {
            Some(certificate) => certificate.to_bytes(),
            None => credential.key.to_bytes(),
        };
        // What cannot be encoded cannot be offered either.
        let mut shown: Vec<Vec<u8>> = self.all.iter().map(|credential| shown(credential).unwrap_or_default()).collect();
        shown.sort();
        // The name has no zero byte in it, and each of the rest begins with a length. There is one password in a run.
        let password = u8::from(self.password.is_some());
        [user.as_bytes(), &[0, password], &shown.concat()].concat()
    }

    pub(crate) fn passed_over_text(&self) -> String {
        if self.passed_over.is_empty() {
            return String::new();
        }
        format!("; passed over: {}", self.passed_over.join(", "))
    }

    pub(crate) fn hint(&self, failure: Unreachable) -> Unreachable {
        match self.locked.first() {
            Some(key) => with_hint(failure, format!("unlock the key for this session: ssh-add {}", key.display())),
            None => failure,
        }
    }
}

fn same(one: &PublicKey, other: &PublicKey) -> bool {
    one.key_data() == other.key_data()
}

/// Who signs with a key that an agent may have: as the key, or as a certificate for it where the agent has only that.
fn held(hop: &Hop, in_agent: &[AgentKey], key: &PublicKey) -> Option<Holder> {
    let mut held: Vec<_> = in_agent.iter().filter(|held| same(&held.key, key)).collect();
    held.sort_by_key(|held| held.certificate.is_some());
    holder(hop, held.first()?)
}

fn holder(hop: &Hop, held: &AgentKey) -> Option<Holder> {
    let comment = String::new();
    let identity = match &held.certificate {
        Some(certificate) => AgentIdentity::Certificate { certificate: (**certificate).clone(), comment },
        None => AgentIdentity::PublicKey { key: held.key.clone(), comment },
    };
    Some(Holder::Agent { socket: hop.agent.clone()?, held: Box::new(identity) })
}

/// The certificate beside a key. Where the public half is named, it is the private one's.
fn certificate_path(key: &Path) -> PathBuf {
    match key.extension() {
        Some(extension) if extension == "pub" => beside(&key.with_extension("")),
        _ => beside(key),
    }
}

fn label(held: &AgentKey) -> String {
    let kind = if held.certificate.is_some() { "certificate of " } else { "" };
    let print = held.key.to_bytes().map(|bytes| fingerprint(&bytes)).unwrap_or_default();
    format!("{} {kind}{print} (agent)", held.comment).trim_start().to_owned()
}
