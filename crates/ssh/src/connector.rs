use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use runsheet_model::{Endpoint, Hop, Mask, MaskError, Phase, Secret, SecretName, Unreachable};
use runsheet_task::{Connected, Connector, SignsOfLife};

use crate::host_key;
use crate::jumps::Jumps;
use crate::known_hosts::UnknownKey;
use crate::reach::Reach;
use crate::remote::SshRemote;
use crate::settings::SshSettings;
use crate::sudo_dialog::SudoPassword;
use crate::survey::Survey;
use crate::transfer::SharedFiles;
use crate::unreachable::Budget;

/// Makes SSH connections. One is shared by all hosts of a run, and does once what serves them all: it reads each
/// known_hosts file, each identity file and each file that is sent, asks each agent for its keys, and connects to each jump host, when
/// they are first needed.
pub struct SshConnector {
    reach: Arc<Reach>,
    jumps: Arc<Jumps>,
    password: Option<Arc<Secret<String>>>,
    sudo_password: Option<Arc<Secret<String>>>,
    mask: Mask,
    files: Arc<SharedFiles>,
}

impl SshConnector {
    /// Makes one that has read nothing yet.
    pub fn new(settings: SshSettings) -> Self {
        Self::with_mask(settings, Mask::default())
    }

    /// Makes one that logs in by password where no key lets it in: on hosts, not on their jump hosts. A password that is too short to
    /// be hidden is refused.
    pub fn with_password(
        settings: SshSettings,
        name: &SecretName,
        password: Secret<String>,
    ) -> Result<Self, MaskError> {
        let mask = Mask::new([(name, &password)])?;
        Ok(Self { password: Some(Arc::new(password)), ..Self::with_mask(settings, mask) })
    }

    /// Has commands that become another user do so by a password, where sudo asks for one.
    #[must_use]
    pub fn with_sudo_password(self, password: Secret<String>) -> Self {
        Self { sudo_password: Some(Arc::new(password)), ..self }
    }

    fn with_mask(settings: SshSettings, mask: Mask) -> Self {
        Self {
            reach: Arc::new(Reach::new(settings, mask.clone())),
            jumps: Arc::default(),
            password: None,
            sudo_password: None,
            mask,
            files: Arc::default(),
        }
    }

    /// Finds what stands in the way of logging in on these hosts and on their jump hosts. No host hears of it.
    pub async fn survey(&self, endpoints: &[Endpoint]) -> Survey {
        Survey::of(endpoints, self.reach.keyring(), self.password.is_some()).await
    }

    /// Decrypts a key file for all connections. Returns whether the passphrase was right.
    pub async fn unlock(&self, key: &Path, passphrase: Secret<String>) -> bool {
        self.reach.keyring().identities.unlock(key, passphrase).await
    }

    /// Gives out the keys of those, jump hosts as well, that were refused because none is on record for them; each once.
    pub fn take_unknown_keys(&self) -> Vec<UnknownKey> {
        self.reach.known_hosts().take_unknown()
    }

    /// Puts such a key on record, so that the host may be connected to from now on. Fails where it cannot be written, or where another
    /// key has been put there meanwhile.
    pub async fn learn(&self, key: &UnknownKey) -> Result<(), Unreachable> {
        host_key::learn(self.reach.known_hosts(), key).await?;
        self.jumps.forget_failures();
        Ok(())
    }
}

#[async_trait]
impl Connector for SshConnector {
    async fn connect(&self, endpoint: &Endpoint) -> Result<Connected, Unreachable> {
        self.connect_in_sight(endpoint, &SignsOfLife::default()).await
    }

    async fn connect_in_sight(&self, endpoint: &Endpoint, signs: &SignsOfLife) -> Result<Connected, Unreachable> {
        // A host may say what it was told.
        self.reach(endpoint, signs)
            .await
            .map_err(|failure| Unreachable { reason: self.mask.text(&failure.reason), ..failure })
    }
}

impl SshConnector {
    fn sudo_password_on(&self, host: &Hop) -> Option<SudoPassword> {
        let password = Arc::clone(self.sudo_password.as_ref()?);
        Some(SudoPassword {
            password,
            tried: self.reach.tried_sudo_password(&host.user),
            address: host.address.clone(),
        })
    }

    async fn reach(&self, endpoint: &Endpoint, signs: &SignsOfLife) -> Result<Connected, Unreachable> {
        let started = Instant::now();
        let budget = Budget::starting_now(endpoint.connect_timeout);
        let via = match &endpoint.jumps[..] {
            [] => None,
            jumps => {
                let limit = endpoint.connect_timeout;
                let link = self.jumps.link(&self.reach, jumps, limit);
                Some(budget.wait(Phase::Tcp, limit, "the jump host was not reached", link).await??)
            }
        };
        let password = self.password.clone();
        let reached = Box::pin(self.reach.reach(&endpoint.target, via, password, budget, signs)).await?;
        let deadlines = self.reach.settings.deadlines.clone();
        Ok(Connected {
            remote: Arc::new(SshRemote::new(
                reached.link,
                deadlines,
                self.sudo_password_on(&endpoint.target),
                Arc::clone(&self.files),
            )),
            address: reached.address,
            host_key: reached.accepted.fingerprint,
            learned: reached.accepted.learned,
            took: started.elapsed(),
        })
    }
}
