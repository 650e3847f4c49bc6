use std::io;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// The length of what proves that a packet is whole.
const TAG: usize = 16;

/// One direction of `aes256-gcm@openssh.com` (RFC 5647): the length of a packet is readable, the rest is not.
pub(crate) struct Cipher {
    key: LessSafeKey,
    nonce: [u8; 12],
}

impl Cipher {
    pub(crate) fn new(key: &[u8], nonce: &[u8]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes");
        Self { key: LessSafeKey::new(key), nonce: nonce[..12].try_into().expect("twelve bytes") }
    }

    /// Encrypts what follows the length, and returns all of it with its length and its tag.
    pub(crate) fn seal(&mut self, mut inner: Vec<u8>) -> Vec<u8> {
        let length = u32::try_from(inner.len()).expect("a short packet").to_be_bytes();
        let nonce = self.next();
        let tag =
            self.key.seal_in_place_separate_tag(nonce, Aad::from(length), &mut inner).expect("a packet can be sealed");
        [&length[..], &inner, tag.as_ref()].concat()
    }

    /// How much follows a length.
    pub(crate) fn rest(length: [u8; 4]) -> usize {
        u32::from_be_bytes(length) as usize + TAG
    }

    /// Decrypts what followed a length.
    pub(crate) fn open(&mut self, length: [u8; 4], mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
        let nonce = self.next();
        let opened = self.key.open_in_place(nonce, Aad::from(length), &mut sealed);
        let inner = opened.map_err(|_| io::Error::other("a packet of the client is not whole"))?;
        let count = inner.len();
        sealed.truncate(count);
        Ok(sealed)
    }

    /// The last eight bytes count packets.
    fn next(&mut self) -> Nonce {
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let counter = u64::from_be_bytes(self.nonce[4..].try_into().expect("eight bytes")).wrapping_add(1);
        self.nonce[4..].copy_from_slice(&counter.to_be_bytes());
        nonce
    }
}
