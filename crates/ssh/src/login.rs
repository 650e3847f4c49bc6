use std::sync::Arc;

use runsheet_model::{Hop, Phase, Unreachable};
use russh::client::{AuthResult, Handle};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};

use crate::agent::{AgentError, AgentSigner};
use crate::client::Client;
use crate::credentials::{Credential, Credentials, Holder};
use crate::key_signer::{KeyError, KeySigner};
use crate::link_state::LinkState;
use crate::server_text::server_text;
use crate::settings::Deadlines;
use crate::unreachable::{Budget, for_good};

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
    for credential in &credentials.all {
        match offer(handle, &hop.user, credential, deadlines).await {
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
    credential: &Credential,
    deadlines: &Deadlines,
) -> Result<AuthResult, Refused> {
    let hash = rsa_hash(handle, &credential.key).await?;
    match &credential.holder {
        Holder::File(key) => match &credential.certificate {
            None => {
                let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
                handle.authenticate_publickey(user, key).await.map_err(|error| match error {
                    russh::Error::SendError | russh::Error::Disconnect | russh::Error::RecvError => Refused::Closed,
                    other => Refused::Skip(server_text(&other.to_string())),
                })
            }
            Some(certificate) => {
                let certificate = (**certificate).clone();
                let answer =
                    handle.authenticate_certificate_with(user, certificate, hash, &mut KeySigner { key }).await;
                answer.map_err(|error| match error {
                    KeyError::Closed => Refused::Closed,
                    other @ KeyError::Failed(_) => Refused::Skip(other.to_string()),
                })
            }
        },
        Holder::Agent { socket, held } => {
            let binding = handle.agent_session_binding().cloned();
            let mut signer = AgentSigner { socket, held, binding, limit: deadlines.agent };
            let answer = match &credential.certificate {
                None => handle.authenticate_publickey_with(user, credential.key.clone(), hash, &mut signer).await,
                Some(certificate) => {
                    handle.authenticate_certificate_with(user, (**certificate).clone(), hash, &mut signer).await
                }
            };
            answer.map_err(|error| match error {
                AgentError::Closed => Refused::Closed,
                other => Refused::Skip(other.to_string()),
            })
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
