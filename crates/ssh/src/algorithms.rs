use std::borrow::Cow;

use russh::Preferred;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{cipher, compression, kex, mac};

/// The last two are no key exchanges: they ask the host for its list of signature algorithms and for the strict order of
/// messages that closes CVE-2023-48795. russh leaves both off in silence where its default list is replaced.
const KEY_EXCHANGES: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

/// AES in GCM first: processors of servers do it in hardware, and it never was open to CVE-2023-48795.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const MACS: &[mac::Name] = &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM, mac::HMAC_SHA512, mac::HMAC_SHA256];

/// RSA with SHA-1 is left out: such signatures can be forged.
const HOST_KEYS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// Returns what we offer to a host: no CBC, no SHA-1, no compression, nothing unauthenticated.
///
/// Host keys of a type that is on record (named as in known_hosts) come first, so that a host with several keys shows
/// the one that can be checked. Certificates are asked for only where an authority is on record.
pub(crate) fn preferred(types_on_record: &[String], certificates: bool) -> Preferred {
    let (on_record, others): (Vec<_>, Vec<_>) = HOST_KEYS
        .iter()
        .cloned()
        .partition(|algorithm| types_on_record.iter().any(|name| name == record_name(algorithm)));
    let certificates = if certificates { Cow::Owned(HOST_KEYS.to_vec()) } else { Cow::Borrowed(&[][..]) };
    Preferred {
        kex: Cow::Borrowed(KEY_EXCHANGES),
        key: Cow::Owned([on_record, others].concat()),
        host_key_certificates: certificates,
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

/// How known_hosts names the type of a key.
fn record_name(algorithm: &Algorithm) -> &str {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa",
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_weak_is_offered() {
        let offered = preferred(&[], true);
        let names: Vec<&str> = offered
            .kex
            .iter()
            .map(AsRef::as_ref)
            .chain(offered.cipher.iter().map(AsRef::as_ref))
            .chain(offered.mac.iter().map(AsRef::as_ref))
            .chain(offered.key.iter().map(Algorithm::as_str))
            .collect();
        for name in &names {
            assert!(
                !["cbc", "sha1", "none", "ssh-rsa", "dss", "3des"].iter().any(|weak| name.contains(weak)),
                "{name}"
            );
        }
        assert_eq!(offered.compression.as_ref(), [compression::NONE]);
    }

    #[test]
    fn the_strict_order_of_messages_is_asked_for() {
        assert!(preferred(&[], false).kex.contains(&kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT));
    }

    #[test]
    fn key_types_on_record_are_asked_for_first() {
        let offered = preferred(&["ssh-rsa".to_owned()], false);
        assert_eq!(offered.key[0], Algorithm::Rsa { hash: Some(HashAlg::Sha512) });
        assert_eq!(offered.key.len(), HOST_KEYS.len());
    }
}
