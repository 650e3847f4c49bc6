use std::io;

use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;

use crate::cipher::Cipher;
use crate::host_key::HostKey;
use crate::wire::{Fields, KEX_ECDH_INIT, KEX_ECDH_REPLY, KEXINIT, Message};

/// What both sides have said before keys are agreed on.
pub(crate) struct Greetings<'a> {
    pub(crate) client_id: &'a [u8],
    pub(crate) server_id: &'a [u8],
    pub(crate) client_init: &'a [u8],
    pub(crate) server_init: &'a [u8],
}

/// What was agreed on.
pub(crate) struct Agreed {
    /// The answer to the client.
    pub(crate) reply: Vec<u8>,
    pub(crate) to_client: Cipher,
    pub(crate) from_client: Cipher,
}

/// The one choice of each kind that is offered.
pub(crate) fn server_init() -> Vec<u8> {
    let mut message = Message::new(KEXINIT).raw([7; 16]);
    for names in [
        "curve25519-sha256,kex-strict-s-v00@openssh.com",
        "ssh-ed25519",
        "aes256-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-256",
        "none",
        "none",
        "",
        "",
    ] {
        message = message.string(names);
    }
    message.byte(0).number(0).done()
}

/// Answers the client's half of `curve25519-sha256` (RFC 8731).
pub(crate) fn agree(key: &HostKey, greetings: &Greetings<'_>, init: &[u8]) -> io::Result<Agreed> {
    let mut fields = Fields::of(init);
    if fields.byte()? != KEX_ECDH_INIT {
        return Err(io::Error::other("the client does not begin the key exchange"));
    }
    let theirs = fields.string()?;
    let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).expect("random numbers");
    let ours = private.compute_public_key().expect("a public key");
    let shared = agree_ephemeral(private, &UnparsedPublicKey::new(&X25519, theirs), positive)
        .map_err(|_| io::Error::other("the client's half is no key"))?;

    let hashed = Message::empty()
        .string(greetings.client_id)
        .string(greetings.server_id)
        .string(greetings.client_init)
        .string(greetings.server_init)
        .string(key.blob())
        .string(theirs)
        .string(&ours)
        .string(&shared)
        .done();
    let hash = digest(&SHA256, &hashed);
    let derive = |letter: u8| {
        // The first exchange's hash is the session's name.
        let bytes = Message::empty().string(&shared).raw(hash).byte(letter).raw(hash).done();
        digest(&SHA256, &bytes)
    };
    Ok(Agreed {
        reply: Message::new(KEX_ECDH_REPLY).string(key.blob()).string(&ours).string(key.sign(hash.as_ref())).done(),
        from_client: Cipher::new(derive(b'C').as_ref(), derive(b'A').as_ref()),
        to_client: Cipher::new(derive(b'D').as_ref(), derive(b'B').as_ref()),
    })
}

/// A positive number as SSH writes it: no zeros before it, but one if it would look negative.
fn positive(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let mut number = Vec::with_capacity(bytes.len() + 1);
    if bytes.get(start).is_some_and(|first| first & 0x80 != 0) {
        number.push(0);
    }
    number.extend_from_slice(&bytes[start..]);
    number
}
