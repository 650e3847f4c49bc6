use std::borrow::Cow;

use runsheet_model::{AlgorithmChoice, CIPHERS, HOST_KEYS, KEY_EXCHANGES, MACS};
use russh::Preferred;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{cipher, compression, kex, mac};

/// These are no key exchanges: they ask the host for its list of signature algorithms and for the strict order of messages
/// that closes CVE-2023-48795. russh leaves both off in silence where its default list is replaced.
const WISHES: [kex::Name; 2] = [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];

/// RSA with SHA-1 is left out: such signatures can be forged.
const SIGNATURES: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// What the name of a signature ends with where a certificate is asked for.
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// Returns what we offer to a host: no CBC, no SHA-1, no compression, nothing unauthenticated, whatever is chosen.
///
/// Host keys of a type that is on record (named as in known_hosts) come first, so that a host with several keys shows
/// the one that can be checked, unless their order is chosen. Certificates are asked for only where an authority is on record, or
/// where nothing else is chosen.
pub(crate) fn preferred(types_on_record: &[String], authority: bool, choice: &AlgorithmChoice) -> Preferred {
    let names = choice.host_keys.as_deref().unwrap_or(&HOST_KEYS);
    let mut certificates: Vec<Algorithm> = Vec::new();
    let mut keys: Vec<Algorithm> = Vec::new();
    for name in names {
        match name.strip_suffix(CERTIFICATE) {
            Some(plain) => certificates.extend(signature(plain)),
            None => keys.extend(signature(name)),
        }
    }
    if !authority && !keys.is_empty() {
        certificates.clear();
    }
    if choice.host_keys.is_none() || choice.host_keys_on_record_first {
        let (on_record, others): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|algorithm| types_on_record.iter().any(|name| name == record_name(algorithm)));
        keys = [on_record, others].concat();
    }
    let key_exchanges = choice.key_exchanges.as_deref().unwrap_or(&KEY_EXCHANGES);
    let ciphers = choice.ciphers.as_deref().unwrap_or(&CIPHERS);
    let macs = choice.macs.as_deref().unwrap_or(&MACS);
    Preferred {
        kex: key_exchanges.iter().filter_map(|&name| kex::Name::try_from(name).ok()).chain(WISHES).collect(),
        key: Cow::Owned(keys),
        host_key_certificates: Cow::Owned(certificates),
        cipher: ciphers.iter().filter_map(|&name| cipher::Name::try_from(name).ok()).collect(),
        mac: macs.iter().filter_map(|&name| mac::Name::try_from(name).ok()).collect(),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

fn signature(name: &str) -> Option<Algorithm> {
    SIGNATURES.iter().find(|algorithm| algorithm.as_str() == name).cloned()
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
        let offered = preferred(&[], true, &AlgorithmChoice::default());
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
    fn every_name_that_may_be_chosen_is_one_of_the_library() {
        let offered = preferred(&[], true, &AlgorithmChoice::default());
        assert_eq!(offered.kex.len(), KEY_EXCHANGES.len() + WISHES.len());
        assert_eq!(offered.cipher.len(), CIPHERS.len());
        assert_eq!(offered.mac.len(), MACS.len());
        assert_eq!(offered.key.len() + offered.host_key_certificates.len(), HOST_KEYS.len());
    }

    #[test]
    fn the_strict_order_of_messages_is_asked_for() {
        let chosen = AlgorithmChoice { key_exchanges: Some(vec!["curve25519-sha256"]), ..AlgorithmChoice::default() };
        let offered = preferred(&[], false, &chosen);
        assert_eq!(offered.kex[0], kex::CURVE25519);
        assert!(offered.kex.contains(&kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT));
    }

    #[test]
    fn key_types_on_record_are_asked_for_first_unless_their_order_is_chosen() {
        let rsa = Algorithm::Rsa { hash: Some(HashAlg::Sha512) };
        let on_record = ["ssh-rsa".to_owned()];
        let offered = preferred(&on_record, false, &AlgorithmChoice::default());
        assert_eq!(offered.key[0], rsa);
        assert_eq!(offered.key.len(), SIGNATURES.len());
        let mut chosen =
            AlgorithmChoice { host_keys: Some(vec!["ssh-ed25519", "rsa-sha2-512"]), ..AlgorithmChoice::default() };
        assert_eq!(preferred(&on_record, false, &chosen).key[..], [Algorithm::Ed25519, rsa.clone()]);
        chosen.host_keys_on_record_first = true;
        assert_eq!(preferred(&on_record, false, &chosen).key[..], [rsa, Algorithm::Ed25519]);
    }

    #[test]
    fn certificates_are_asked_for_where_they_can_be_checked_or_nothing_else_is_chosen() {
        let asked = |authority, names: Option<Vec<&'static str>>| {
            let choice = AlgorithmChoice { host_keys: names, ..AlgorithmChoice::default() };
            preferred(&[], authority, &choice).host_key_certificates.len()
        };
        assert_eq!(asked(false, None), 0);
        assert_eq!(asked(true, None), SIGNATURES.len());
        assert_eq!(asked(true, Some(vec!["ssh-ed25519"])), 0);
        assert_eq!(asked(false, Some(vec!["ssh-ed25519-cert-v01@openssh.com"])), 1);
    }
}
