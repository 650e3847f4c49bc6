use std::net::SocketAddr;

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::wire::Message;

/// The key of a host.
pub(crate) struct HostKey {
    pair: Ed25519KeyPair,
}

impl HostKey {
    pub(crate) fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random numbers");
        Self { pair: Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("the key that was just made") }
    }

    /// Its public half as SSH writes it.
    pub(crate) fn blob(&self) -> Vec<u8> {
        Message::empty().string("ssh-ed25519").string(self.pair.public_key()).done()
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        Message::empty().string("ssh-ed25519").string(self.pair.sign(bytes)).done()
    }

    /// Its line in known_hosts.
    pub(crate) fn known_hosts_line(&self, address: SocketAddr) -> String {
        format!("[{}]:{} ssh-ed25519 {}\n", address.ip(), address.port(), base64(&self.blob()))
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > chunk.len() { '=' } else { letter.into() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_letters() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
