/// The part of a known_hosts line that says which hosts it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostField {
    /// Patterns, each perhaps a refusal (`!`). In lower case.
    Patterns(Vec<Pattern>),
    /// A name nobody is to read: `|1|salt|HMAC-SHA1 of the name|`.
    Hashed { salt: Vec<u8>, digest: [u8; 20] },
}

/// One pattern of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Whether a host that matches is not meant, whatever else matches.
    pub(crate) negated: bool,
    /// The text, with `*` for any text and `?` for any character.
    pub(crate) text: String,
}

impl Pattern {
    pub(crate) fn is_plain(&self) -> bool {
        !self.negated && !self.text.contains(['*', '?'])
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        glob(self.text.as_bytes(), name.as_bytes())
    }
}

/// Whether the patterns mean a name (in lower case): one of them does, and none refuses it.
pub(crate) fn list_matches(patterns: &[Pattern], name: &str) -> bool {
    let mut meant = false;
    for pattern in patterns {
        if pattern.matches(name) {
            if pattern.negated {
                return false;
            }
            meant = true;
        }
    }
    meant
}

/// Whether a text matches a pattern of `*` and `?`. Takes time in the product of both lengths at worst.
pub(crate) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when a guess about the last `*` was wrong.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, taken)) => {
                    retry = Some((star, taken + 1));
                    p = star + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<Pattern> {
        text.split(',')
            .map(|one| Pattern { negated: one.starts_with('!'), text: one.trim_start_matches('!').to_owned() })
            .collect()
    }

    #[test]
    fn wildcards_match_as_in_openssh() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("web?", "web1", true),
            ("web?", "web", false),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("a*b*c", "axxbyybzc", true),
            ("a*b*c", "axxbyyb", false),
            ("[web1]:22*", "[web1]:2222", true),
            ("**", "x", true),
        ] {
            assert_eq!(glob(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_refusal_outweighs_every_other_pattern() {
        assert!(list_matches(&list("*.example.com,!db*"), "web.example.com"));
        assert!(!list_matches(&list("*.example.com,!db*"), "db.example.com"));
        assert!(!list_matches(&list("!db*"), "web"));
    }

    #[test]
    fn a_pattern_of_stars_is_soon_done() {
        let pattern = "*a".repeat(200);
        assert!(!glob(pattern.as_bytes(), "a".repeat(199).as_bytes()));
        assert!(!glob(pattern.as_bytes(), "b".repeat(2000).as_bytes()));
    }
}
