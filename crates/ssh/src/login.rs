use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use runsheet_model::{Hop, Phase, Unreachable};
use russh::client::{AuthResult, Handle};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};

use crate::agent::{AgentError, AgentSigner};
use crate::breaker;
use crate::client::Client;
use crate::credentials::{Credential, Credentials, Holder};
use crate::key_signer::{KeyError, KeySigner};
use crate::link_state::LinkState;
use crate::password::{PasswordLogin, Unanswered};
use crate::server_text::server_text;
use crate::settings::Deadlines;
use crate::unreachable::{Budget, for_good};

/// Logs in. One key after the other is offered, then the password if there is one; a host that takes none of them is not
/// asked again.
pub(crate) async fn login(
    handle: &mut Handle<Client>,
    state: &LinkState,
    hop: &Hop,
    credentials: &Credentials,
    tried_password: Option<Arc<breaker::Tried>>,
    deadlines: &Deadlines,
    budget: Budget,
) -> Result<(), Unreachable> {
    let sent = AtomicBool::new(false);
    let what = format!("the login of `{}` was not answered", hop.user);
    let offering = async {
        let mut tried = Tried::default();
        if offer_keys(handle, hop, credentials, deadlines, &mut tried).await {
            return Ok(());
        }
        if let (Some(password), Some(others)) = (&credentials.password, tried_password) {
            let password = PasswordLogin { password, options: &hop.options, sent: &sent };
            if offer_password(handle, hop, &password, &others, &mut tried).await? {
                return Ok(());
            }
        }
        if tried.ended {
            // The session says why it ended a moment after its last answer.
            state.lost().await;
        }
        Err(refusal(state, hop, credentials, &tried))
    };
    let answer = budget.wait(Phase::Login, deadlines.auth, &what, offering).await;
    // A password that was heard is not said again, whatever became of it.
    answer.unwrap_or_else(|late| {
        let transient = late.transient && !sent.load(Ordering::Acquire);
        Err(Unreachable { transient, ..late })
    })
}

/// Offers the keys, one after the other, and returns whether one lets us in.
async fn offer_keys(
    handle: &mut Handle<Client>,
    hop: &Hop,
    credentials: &Credentials,
    deadlines: &Deadlines,
    tried: &mut Tried,
) -> bool {
    for credential in &credentials.all {
        let answer = offer(handle, &hop.user, credential, deadlines).await;
        match tried.take(&credential.label, answer) {
            Next::In => return true,
            Next::Over => break,
            Next::Another => {}
        }
    }
    false
}

/// Sends the password if the host takes one and enough others did not refuse it, and returns whether it lets us in.
async fn offer_password(
    handle: &mut Handle<Client>,
    hop: &Hop,
    password: &PasswordLogin<'_>,
    others: &Arc<breaker::Tried>,
    tried: &mut Tried,
) -> Result<bool, Unreachable> {
    // A host says what it takes when it refuses something.
    if tried.accepts.is_none() && !tried.ended {
        let answer = handle.authenticate_none(hop.user.as_str()).await;
        if matches!(tried.take("no key", answer.map_err(|_| Refused::Closed)), Next::In) {
            return Ok(true);
        }
    }
    let Some(accepts) = tried.accepts.clone().filter(|accepts| !tried.ended && password.is_taken(accepts)) else {
        return Ok(false);
    };
    let turn = others.turn().await?;
    let answer = password.offer(handle, &hop.user, &accepts).await.map_err(|unanswered| match unanswered {
        Unanswered::Odd(asked) => Refused::Skip(asked),
        Unanswered::Closed => Refused::Closed,
    });
    // Where more is asked for than a password, it was right.
    let is_right = matches!(answer, Ok(AuthResult::Success | AuthResult::Failure { partial_success: true, .. }));
    if is_right {
        turn.let_in();
    } else if password.sent.load(Ordering::Acquire) {
        turn.refused(&hop.address);
    }
    Ok(matches!(tried.take("the password", answer), Next::In))
}

/// What was tried on a host, and what it said to it.
#[derive(Default)]
struct Tried {
    labels: Vec<String>,
    /// What it accepts, if it said so.
    accepts: Option<MethodSet>,
    /// Whether it listens no longer.
    ended: bool,
}

/// What comes after an answer.
enum Next {
    In,
    /// Another key may do.
    Another,
    /// No other key is of use.
    Over,
}

impl Tried {
    fn take(&mut self, label: &str, answer: Result<AuthResult, Refused>) -> Next {
        match answer {
            Ok(AuthResult::Success) => Next::In,
            Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
                let more = if partial_success { ", accepted, but more is asked for" } else { "" };
                self.labels.push(format!("{label}{more}"));
                // russh says the same of a host that accepts nothing more and of one that is gone.
                self.ended = remaining_methods.is_empty();
                let goes_on = remaining_methods.contains(&MethodKind::PublicKey);
                if !self.ended {
                    self.accepts = Some(remaining_methods);
                }
                if goes_on { Next::Another } else { Next::Over }
            }
            Err(Refused::Skip(reason)) => {
                self.labels.push(format!("{label}: {reason}"));
                Next::Another
            }
            Err(Refused::Closed) => {
                self.labels.push(label.to_owned());
                self.ended = true;
                Next::Over
            }
        }
    }
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

fn refusal(state: &LinkState, hop: &Hop, credentials: &Credentials, tried: &Tried) -> Unreachable {
    let mut reason = format!("the host does not let `{}` in with {}", hop.user, tried.labels.join(", "));
    if let Some(accepts) = &tried.accepts {
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
