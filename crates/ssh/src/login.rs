use std::path::PathBuf;
use std::sync::Arc;

use runsheet_model::{Hop, Phase, Unreachable};
use russh::client::{AuthResult, Handle};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};

use crate::agent::{AgentError, AgentSigner, Agents};
use crate::client::Client;
use crate::identities::{Identities, Identity};
use crate::known_hosts::fingerprint;
use crate::link_state::LinkState;
use crate::server_text::server_text;
use crate::settings::Deadlines;
use crate::unreachable::{Budget, for_good, with_hint};

/// What one can log in with on one host, in the order in which it is tried.
pub(crate) struct Credentials {
    keys: Vec<Credential>,
    /// What was looked at and cannot be used, for whoever has to find out why a login failed.
    passed_over: Vec<String>,
    /// Whether one of those is encrypted.
    encrypted: bool,
}

struct Credential {
    kind: Kind,
    /// How it is called in messages.
    label: String,
}

enum Kind {
    File(Arc<PrivateKey>),
    Agent { socket: PathBuf, key: PublicKey },
}

impl Credentials {
    /// Gathers them: the configured keys in their order, then what else the agent has, unless the host is only to see the
    /// configured ones.
    ///
    /// Finding none is a failure here already: a host that sees somebody leave without a login may bar the address.
    pub(crate) async fn gather(hop: &Hop, identities: &Identities, agents: &Agents) -> Result<Self, Unreachable> {
        let mut all = Self { keys: Vec::new(), passed_over: Vec::new(), encrypted: false };
        let mut in_agent = Vec::new();
        if let Some(socket) = &hop.agent {
            match agents.keys(socket).await {
                Ok(keys) => in_agent.extend(keys.iter().cloned()),
                Err(reason) => all.passed_over.push(format!("the agent at {}: {reason}", socket.display())),
            }
        }
        for path in hop.identities.iter() {
            let label = path.display();
            match identities.load(path).await {
                Identity::Key(key) => {
                    in_agent.retain(|other| other.key.key_data() != key.public_key().key_data());
                    all.keys.push(Credential { kind: Kind::File(key), label: label.to_string() });
                }
                Identity::Public { key, encrypted } => {
                    let held = in_agent.iter().position(|other| other.key.key_data() == key.key_data());
                    if let (Some(at), Some(socket)) = (held, &hop.agent) {
                        in_agent.remove(at);
                        all.keys.push(Credential {
                            kind: Kind::Agent { socket: socket.clone(), key },
                            label: format!("{label} (agent)"),
                        });
                    } else {
                        let what = if encrypted { "encrypted" } else { "only its public half is there" };
                        all.encrypted |= encrypted;
                        all.passed_over.push(format!("{label}: {what}, and no agent has it"));
                    }
                }
                Identity::Missing => all.passed_over.push(format!("{label}: not there")),
                Identity::Unusable(reason) => all.passed_over.push(format!("{label}: {reason}")),
            }
        }
        if let Some(socket) = hop.agent.as_ref().filter(|_| !hop.identities_only) {
            all.keys.extend(in_agent.into_iter().map(|held| Credential {
                label: format!("{} {} (agent)", held.comment, print(&held.key)).trim_start().to_owned(),
                kind: Kind::Agent { socket: socket.clone(), key: held.key },
            }));
        }
        if all.keys.is_empty() {
            let failure = for_good(Phase::Local, format!("there is no key to log in with{}", all.passed_over_text()));
            return Err(all.hint(failure));
        }
        Ok(all)
    }

    fn passed_over_text(&self) -> String {
        if self.passed_over.is_empty() {
            return String::new();
        }
        format!("; passed over: {}", self.passed_over.join(", "))
    }

    fn hint(&self, failure: Unreachable) -> Unreachable {
        if self.encrypted { with_hint(failure, "unlock the key for this session: ssh-add") } else { failure }
    }
}

/// Logs in. One key after the other is offered; a host that takes none of them is not asked again.
pub(crate) async fn login(
    handle: &mut Handle<Client>,
    state: &LinkState,
    hop: &Hop,
    credentials: &Credentials,
    deadlines: &Deadlines,
    budget: Budget,
) -> Result<(), Unreachable> {
    let what = format!("the login of `{}` was not answered", hop.user);
    budget.wait(Phase::Login, deadlines.auth, &what, offer_all(handle, state, hop, credentials, deadlines)).await?
}

async fn offer_all(
    handle: &mut Handle<Client>,
    state: &LinkState,
    hop: &Hop,
    credentials: &Credentials,
    deadlines: &Deadlines,
) -> Result<(), Unreachable> {
    let mut tried = Vec::new();
    let mut accepts = None;
    let mut ended = false;
    for credential in &credentials.keys {
        match offer(handle, &hop.user, &credential.kind, deadlines).await {
            Ok(AuthResult::Success) => return Ok(()),
            Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
                let more = if partial_success { ", accepted, but more is asked for" } else { "" };
                tried.push(format!("{}{more}", credential.label));
                // russh says the same of a host that accepts nothing more and of one that is gone.
                ended = remaining_methods.is_empty();
                let goes_on = remaining_methods.contains(&MethodKind::PublicKey);
                if !ended {
                    accepts = Some(remaining_methods);
                }
                if !goes_on {
                    break;
                }
            }
            Err(Refused::Skip(reason)) => tried.push(format!("{}: {reason}", credential.label)),
            Err(Refused::Closed) => {
                tried.push(credential.label.clone());
                ended = true;
                break;
            }
        }
    }
    if ended {
        // The session says why it ended a moment after its last answer.
        state.lost().await;
    }
    Err(refusal(state, hop, credentials, &tried, accepts.as_ref()))
}

/// Why a key did not get so far as to be refused.
enum Refused {
    /// This one cannot be used here; the next may.
    Skip(String),
    /// There is nobody left to offer another to.
    Closed,
}

async fn offer(
    handle: &mut Handle<Client>,
    user: &str,
    kind: &Kind,
    deadlines: &Deadlines,
) -> Result<AuthResult, Refused> {
    match kind {
        Kind::File(key) => {
            let hash = rsa_hash(handle, key.public_key()).await?;
            let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
            handle.authenticate_publickey(user, key).await.map_err(|error| match error {
                russh::Error::SendError | russh::Error::Disconnect | russh::Error::RecvError => Refused::Closed,
                other => Refused::Skip(server_text(&other.to_string())),
            })
        }
        Kind::Agent { socket, key } => {
            let hash = rsa_hash(handle, key).await?;
            let mut signer =
                AgentSigner { socket, binding: handle.agent_session_binding().cloned(), limit: deadlines.agent };
            handle.authenticate_publickey_with(user, key.clone(), hash, &mut signer).await.map_err(
                |error| match error {
                    AgentError::Closed => Refused::Closed,
                    other => Refused::Skip(other.to_string()),
                },
            )
        }
    }
}

/// The hash for a signature with an RSA key. SHA-1, which is what the key's own name stands for, is never used.
async fn rsa_hash(handle: &Handle<Client>, key: &PublicKey) -> Result<Option<HashAlg>, Refused> {
    if !key.algorithm().is_rsa() {
        return Ok(None);
    }
    match handle.best_supported_rsa_hash().await {
        Ok(Some(Some(hash))) => Ok(Some(hash)),
        Ok(Some(None)) => Err(Refused::Skip("the host takes RSA keys only with SHA-1".to_owned())),
        // It did not say. All that speak of RSA without SHA-1 know this one.
        Ok(None) => Ok(Some(HashAlg::Sha512)),
        Err(_) => Err(Refused::Closed),
    }
}

fn refusal(
    state: &LinkState,
    hop: &Hop,
    credentials: &Credentials,
    tried: &[String],
    accepts: Option<&MethodSet>,
) -> Unreachable {
    let mut reason = format!("the host does not let `{}` in with {}", hop.user, tried.join(", "));
    if let Some(accepts) = accepts {
        let names: Vec<&str> = accepts.iter().map(Into::into).collect();
        reason.push_str(&format!("; it accepts {}", names.join(", ")));
    }
    if let Some(down) = state.why().filter(|down| !down.text.is_empty()) {
        reason.push_str(&format!("; it closed the connection: {}", down.text));
    }
    if let Some(banner) = state.banner() {
        reason.push_str(&format!("; it says: {banner}"));
    }
    reason.push_str(&credentials.passed_over_text());
    credentials.hint(for_good(Phase::Login, reason))
}

fn print(key: &PublicKey) -> String {
    key.to_bytes().map(|bytes| fingerprint(&bytes)).unwrap_or_default()
}
