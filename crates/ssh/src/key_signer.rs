use russh::Signer;
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{HashAlg, PrivateKey};
use thiserror::Error;

/// Signs with a key of a file for a login with a certificate. What russh does by itself for these signs RSA in a way that hosts
/// refuse: the certificate is sent under the name of SHA-1.
pub(crate) struct KeySigner<'a> {
    pub(crate) key: &'a PrivateKey,
}

/// Why there is no signature.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    /// The session with the host is over.
    #[error("the connection was closed")]
    Closed,
    /// The key cannot sign.
    #[error("the key does not sign: {0}")]
    Failed(String),
}

impl From<russh::SendError> for KeyError {
    fn from(_: russh::SendError) -> Self {
        Self::Closed
    }
}

impl Signer for KeySigner<'_> {
    type Error = KeyError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, KeyError> {
        let signature: Result<Signature, _> = match self.key.key_data() {
            KeypairData::Rsa(key) => (key, hash).try_sign(&data),
            _ => self.key.try_sign(&data),
        };
        let signature = signature.map_err(|error| KeyError::Failed(error.to_string()))?;
        // The session sends on what was to be signed, with the signature as a string after it (RFC 4252 §7).
        let mut signed = data;
        let encoded = signature.encode_vec().and_then(|signature| signature.encode(&mut signed));
        encoded.map_err(|error| KeyError::Failed(error.to_string()))?;
        Ok(signed)
    }
}
