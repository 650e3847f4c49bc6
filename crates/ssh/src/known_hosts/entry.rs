use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use super::pattern::{HostField, Pattern};

/// One line of a known_hosts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number in the file, from 1.
    pub(crate) line: usize,
    /// What is said about the key.
    pub(crate) marker: Marker,
    /// Which hosts it is about.
    pub(crate) hosts: HostField,
    /// The type of the key, such as `ssh-ed25519`.
    pub(crate) key_type: String,
    /// The key as it goes over the wire (RFC 4253 §6.6).
    pub(crate) key: Vec<u8>,
}

/// What a line says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// It is a host's.
    Key,
    /// It signs certificates of hosts.
    Authority,
    /// It must not be taken from anybody.
    Revoked,
}

/// The longest line that is looked at, in bytes. A line of a 16,384-bit RSA key is a fifth of it.
const LONGEST: usize = 16 * 1024;

impl Entry {
    /// Reads a line without its end. Empty lines and comments are `Ok(None)`.
    ///
    /// # Errors
    ///
    /// What is wrong with the line. As with OpenSSH it is no reason to refuse the file.
    pub(crate) fn parse(line: usize, text: &[u8]) -> Result<Option<Self>, &'static str> {
        if text.len() > LONGEST {
            return Err("the line is too long");
        }
        let mut fields = text.split(|c| b" \t\r".contains(c)).filter(|field| !field.is_empty());
        let Some(mut field) = fields.next() else {
            return Ok(None);
        };
        if field.starts_with(b"#") {
            return Ok(None);
        }
        let marker = match field {
            b"@cert-authority" => Marker::Authority,
            b"@revoked" => Marker::Revoked,
            other if other.starts_with(b"@") => return Err("the marker is not known"),
            _ => Marker::Key,
        };
        if marker != Marker::Key {
            field = fields.next().ok_or("the host is missing")?;
        }
        let hosts = parse_hosts(field)?;
        let key_type = fields.next().ok_or("the key is missing")?;
        let key_type = str::from_utf8(key_type).map_err(|_| "the type of the key is no text")?;
        let key = fields.next().ok_or("the key is missing")?;
        let key = STANDARD.decode(key).map_err(|_| "the key is no base64")?;
        // A type beside a key of another type would be trusted as one and compared as the other.
        if inner_type(&key) != Some(key_type.as_bytes()) {
            return Err("the key is not of the type that the line names");
        }
        Ok(Some(Self { line, marker, hosts, key_type: key_type.to_owned(), key }))
    }
}

/// How people compare keys: `SHA256:` and the digest of the key in base64 without padding.
pub(crate) fn fingerprint(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key)))
}

fn parse_hosts(field: &[u8]) -> Result<HostField, &'static str> {
    let field = str::from_utf8(field).map_err(|_| "the host is no text")?;
    if let Some(hashed) = field.strip_prefix('|') {
        let digest = hashed.strip_prefix("1|").and_then(|parts| parts.split_once('|'));
        let (salt, digest) = digest.ok_or("the hash of the host is not of a known kind")?;
        let salt = STANDARD.decode(salt).map_err(|_| "the salt is no base64")?;
        let digest = STANDARD.decode(digest).map_err(|_| "the hash is no base64")?;
        let digest = digest.try_into().map_err(|_| "the hash is not 20 bytes long")?;
        return Ok(HostField::Hashed { salt, digest });
    }
    let patterns = field.split(',').filter(|pattern| !pattern.is_empty()).map(|pattern| {
        let (negated, text) = match pattern.strip_prefix('!') {
            Some(text) => (true, text),
            None => (false, pattern),
        };
        Pattern { negated, text: text.to_ascii_lowercase() }
    });
    Ok(HostField::Patterns(patterns.collect()))
}

/// The name of its type that a key starts with.
fn inner_type(key: &[u8]) -> Option<&[u8]> {
    let (length, rest) = key.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn parse(text: &str) -> Result<Option<Entry>, &'static str> {
        Entry::parse(1, text.as_bytes())
    }

    #[test]
    fn the_known_hosts_of_the_fuzzer_are_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/known_hosts");
        let (mut entries, mut mistakes) = (0, 0);
        for text in std::fs::read_dir(folder).expect("a corpus") {
            let text = std::fs::read(text.expect("an entry").path()).expect("a text");
            for line in text.split(|byte| *byte == b'\n') {
                match Entry::parse(1, line) {
                    Ok(entry) => entries += usize::from(entry.is_some()),
                    Err(_) => mistakes += 1,
                }
            }
        }
        assert_eq!((entries, mistakes), (7, 7));
    }

    #[test]
    fn a_line_may_have_tabs_a_marker_and_a_comment() {
        let text = format!("@revoked\tWEB1,!web2 \t ssh-ed25519\t{KEY}  root@web1\r");
        let entry = parse(&text).expect("it is sound").expect("it is an entry");

        assert_eq!(entry.marker, Marker::Revoked);
        assert_eq!(entry.key_type, "ssh-ed25519");
        let HostField::Patterns(patterns) = entry.hosts else {
            panic!("not hashed");
        };
        assert_eq!(patterns[0].text, "web1");
        assert!(patterns[1].negated);
    }

    #[test]
    fn a_comment_and_an_empty_line_say_nothing() {
        for text in ["", "  \t", "# web1 ssh-ed25519 AAAA", "\r"] {
            assert_eq!(parse(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn a_broken_line_is_told_from_a_sound_one() {
        for text in [
            "web1".to_owned(),
            "web1 ssh-ed25519".to_owned(),
            "web1 ssh-ed25519 !!!".to_owned(),
            format!("web1 ssh-rsa {KEY}"),
            format!("@bad web1 ssh-ed25519 {KEY}"),
            format!("@revoked ssh-ed25519 {KEY}"),
            format!("|1|AAAA|AAAA ssh-ed25519 {KEY}"),
            format!("|2|AAAA|AAAA ssh-ed25519 {KEY}"),
            format!("{} ssh-ed25519 {KEY}", "a".repeat(10 * 1024 * 1024)),
        ] {
            assert!(parse(&text).is_err(), "{}", &text[..text.len().min(80)]);
        }
        assert!(Entry::parse(1, b"\xff\xfe ssh-ed25519 AAAA").is_err());
    }

    #[test]
    fn a_fingerprint_reads_as_ssh_keygen_prints_it() {
        let key = STANDARD.decode(KEY).expect("base64");
        let print = fingerprint(&key);
        assert!(print.starts_with("SHA256:") && !print.ends_with('='), "{print}");
    }
}
