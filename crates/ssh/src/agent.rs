use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::Signer;
use russh::keys::agent::client::AgentClient;
use russh::keys::agent::{AgentIdentity, AgentSessionBinding};
use russh::keys::key::parse_public_key;
use russh::keys::ssh_encoding::{Decode, Reader};
use russh::keys::{Certificate, HashAlg, PublicKey};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::OnceCell;

use crate::server_text::server_text;
use crate::unreachable::io_text;

/// `SSH_AGENTC_REQUEST_IDENTITIES` with its length (RFC 9987 §3.5).
const LIST: [u8; 5] = [0, 0, 0, 1, 11];
/// `SSH_AGENT_IDENTITIES_ANSWER`.
const LISTED: u8 = 12;
/// The longest answer that is taken, in bytes: what OpenSSH takes.
const LONGEST: usize = 256 * 1024;
/// How often a certificate may say that it is one: in its own kind, and in names that people gave it.
const MOST_MARKS: usize = 4;

/// The agents of a run, each asked once what keys it has.
#[derive(Debug)]
pub(crate) struct Agents {
    listed: Mutex<HashMap<PathBuf, Arc<Slot>>>,
    limit: Duration,
}

/// The keys of one agent, or what is wrong with it.
type Slot = OnceCell<Result<Arc<[AgentKey]>, String>>;

/// A key or a certificate that an agent has.
#[derive(Clone, Debug)]
pub(crate) struct AgentKey {
    pub(crate) key: PublicKey,
    /// The certificate, where it is one; `key` is the key that it is for.
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// What its owner calls it, safe to print.
    pub(crate) comment: String,
}

/// Why an agent gave no signature.
#[derive(Debug, Error)]
pub(crate) enum AgentError {
    /// The session with the host is over.
    #[error("the connection was closed")]
    Closed,
    /// It does not answer.
    #[error("the agent did not answer within {0:?}")]
    Silent(Duration),
    /// It said no, or nothing that could be understood.
    #[error("the agent did not sign: {0}")]
    Failed(String),
}

impl From<russh::SendError> for AgentError {
    fn from(_: russh::SendError) -> Self {
        Self::Closed
    }
}

impl Agents {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { listed: Mutex::default(), limit }
    }

    /// Returns the keys of the agent behind a socket, or what is wrong with it.
    pub(crate) async fn keys(&self, socket: &Path) -> Result<Arc<[AgentKey]>, String> {
        let slot = {
            let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(listed.entry(socket.to_owned()).or_default())
        };
        slot.get_or_init(|| async {
            match tokio::time::timeout(self.limit, list(socket)).await {
                Ok(Ok(keys)) => Ok(keys.into()),
                Ok(Err(error)) => Err(io_text(&error)),
                Err(_) => Err(format!("no answer within {:?}", self.limit)),
            }
        })
        .await
        .clone()
    }
}

/// Asks for the list. russh's own call fails altogether when one key of the list is of a kind that it does not know.
async fn list(socket: &Path) -> io::Result<Vec<AgentKey>> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(&LIST).await?;
    let length = usize::try_from(stream.read_u32().await?).map_err(io::Error::other)?;
    if length > LONGEST {
        return Err(io::Error::other("its answer is too long"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    parse(&answer).ok_or_else(|| io::Error::other("its answer is not one of an agent"))
}

fn parse(answer: &[u8]) -> Option<Vec<AgentKey>> {
    let (&LISTED, mut rest) = answer.split_first()? else {
        return None;
    };
    let count = u32::decode(&mut rest).ok()?;
    let mut keys = Vec::new();
    for _ in 0..count {
        let blob = Vec::<u8>::decode(&mut rest).ok()?;
        let comment = Vec::<u8>::decode(&mut rest).ok()?;
        let comment = server_text(&String::from_utf8_lossy(&comment));
        if is_certificate(&blob) {
            if let Ok(certificate) = Certificate::from_bytes(&blob) {
                let key = PublicKey::from(certificate.public_key().clone());
                keys.push(AgentKey { key, certificate: Some(Arc::new(certificate)), comment });
            }
        } else if let Ok(key) = parse_public_key(&blob) {
            keys.push(AgentKey { key, certificate: None, comment });
        }
    }
    rest.is_finished().then_some(keys)
}

/// Whether what an agent lists calls itself a certificate, and holds no others within: each would be read within the one
/// before.
fn is_certificate(blob: &[u8]) -> bool {
    const MARK: &[u8] = b"-cert-v01@openssh.com";
    let mut rest = blob;
    let named = Vec::<u8>::decode(&mut rest).is_ok_and(|name| name.ends_with(MARK));
    named && blob.windows(MARK.len()).filter(|window| *window == MARK).count() <= MOST_MARKS
}

/// Has the agent sign for one login.
pub(crate) struct AgentSigner<'a> {
    pub(crate) socket: &'a Path,
    /// What the agent holds, which may be the key alone where a certificate is shown to the host.
    pub(crate) held: &'a AgentIdentity,
    /// What tells the agent which host it signs for, so that keys meant for some hosts only are of use.
    pub(crate) binding: Option<AgentSessionBinding>,
    pub(crate) limit: Duration,
}

impl Signer for AgentSigner<'_> {
    type Error = AgentError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, AgentError> {
        let signing = async {
            let mut agent = AgentClient::connect_uds(self.socket).await?;
            if let Some(binding) = &self.binding {
                // Agents other than OpenSSH's do not know it, and do not need it.
                let _ = agent.bind_session(binding, false).await;
            }
            agent.sign_request(self.held, hash, data).await
        };
        match tokio::time::timeout(self.limit, signing).await {
            Ok(signed) => signed.map_err(|error| AgentError::Failed(server_text(&error.to_string()))),
            Err(_) => Err(AgentError::Silent(self.limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn text(bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).expect("short");
        [&length.to_be_bytes(), bytes].concat()
    }

    #[test]
    fn a_key_of_an_unknown_kind_does_not_hide_the_others() {
        let known = PublicKey::from_openssh(KEY).expect("a key").to_bytes().expect("bytes");
        let strange = [text(b"ssh-dss"), text(b"?")].concat();
        let answer =
            [&[LISTED, 0, 0, 0, 2][..], &text(&strange), &text(b"old"), &text(&known), &text(b"dana\x1b@ops")].concat();

        let keys = parse(&answer).expect("an answer");

        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].comment, "dana\\x1b@ops");
    }

    #[test]
    fn an_answer_that_lies_about_its_length_is_no_answer() {
        assert!(parse(&[LISTED, 255, 255, 255, 255]).is_none());
        assert!(parse(&[LISTED, 0, 0, 0, 0, 1]).is_none());
        assert!(parse(&[5]).is_none());
        assert!(parse(&[]).is_none());
    }
}
