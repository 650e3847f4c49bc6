use runsheet_model::{CIPHERS, HOST_KEYS, KEY_EXCHANGES, MACS};

use crate::glob;

/// A list of algorithms that ssh_config can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlgorithmList {
    KeyExchanges,
    HostKeys,
    Ciphers,
    Macs,
}

impl AlgorithmList {
    fn all(self) -> &'static [&'static str] {
        match self {
            Self::KeyExchanges => &KEY_EXCHANGES,
            Self::HostKeys => &HOST_KEYS,
            Self::Ciphers => &CIPHERS,
            Self::Macs => &MACS,
        }
    }
}

/// What a value of such a keyword leaves of our list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Algorithms {
    /// What is offered, the best first; never anything that we do not offer anyway.
    pub(crate) names: Vec<&'static str>,
    /// Whether our list is only added to (`+`).
    pub(crate) added: bool,
    /// What stands there and is not ours.
    pub(crate) left_out: Vec<String>,
}

/// Reads a value as `kex_assemble_names` in OpenSSH's `kex.c` does: `+` adds to our list, `-` takes away from it, `^` puts first,
/// anything else takes its place. `None` if it is none.
pub(crate) fn assemble(list: AlgorithmList, value: &str) -> Option<Algorithms> {
    let ours = list.all();
    let (sign, names) = match value.chars().next()? {
        sign @ ('+' | '-' | '^') => (Some(sign), &value[1..]),
        _ => (None, value),
    };
    if names.is_empty() || names.contains('!') {
        return None;
    }
    let patterns: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
    if sign == Some('-') {
        let stays = |name: &&&str| !patterns.iter().any(|pattern| glob::matches(pattern, name));
        return Some(Algorithms {
            names: ours.iter().filter(stays).copied().collect(),
            added: false,
            left_out: Vec::new(),
        });
    }
    let mut chosen: Vec<&'static str> = Vec::new();
    let mut left_out = Vec::new();
    for pattern in patterns {
        let matching: Vec<_> = ours.iter().filter(|name| glob::matches(pattern, name)).collect();
        if matching.is_empty() {
            left_out.push(pattern.to_owned());
        }
        chosen.extend(matching);
    }
    let in_order = match sign {
        Some('+') => ours.iter().copied().chain(chosen).collect(),
        Some(_) => chosen.into_iter().chain(ours.iter().copied()).collect(),
        None => chosen,
    };
    let mut names = Vec::new();
    for name in in_order {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(Algorithms { names, added: sign == Some('+'), left_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(value: &str) -> Vec<&'static str> {
        assemble(AlgorithmList::Macs, value).expect(value).names
    }

    #[test]
    fn lists_are_replaced_added_to_cut_and_put_first() {
        assert_eq!(names("hmac-sha2-256,umac-64@openssh.com"), ["hmac-sha2-256"]);
        assert_eq!(names("+hmac-sha1"), MACS);
        assert_eq!(names("-*-etm@openssh.com"), ["hmac-sha2-512", "hmac-sha2-256"]);
        assert_eq!(names("^hmac-sha2-256")[..2], ["hmac-sha2-256", MACS[0]]);
        assert_eq!(names("^hmac-sha2-256").len(), MACS.len());
        assert!(names("hmac-md5").is_empty());
        for bad in ["", "-", "!x", "a,!b"] {
            assert_eq!(assemble(AlgorithmList::Macs, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn nothing_weak_comes_in() {
        let algorithms = assemble(AlgorithmList::Ciphers, "+aes128-cbc,3des-cbc,*").expect("a list");
        assert_eq!(algorithms.names, CIPHERS);
        assert_eq!(algorithms.left_out, ["aes128-cbc", "3des-cbc"]);
    }
}
