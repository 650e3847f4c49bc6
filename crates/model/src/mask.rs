use std::fmt::Write;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use thiserror::Error;

use crate::{Secret, SecretName};

/// What stands where a secret stood.
pub const MASK: &str = "********";

/// The shortest secret that can be masked, in bytes: a shorter one would turn every output into stars.
const SHORTEST: usize = 4;

/// Why a mask cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MaskError {
    /// A secret is too short to be found without false finds.
    #[error("secret `{name}` has fewer than {SHORTEST} bytes and could not be masked")]
    TooShort {
        /// Its name.
        name: SecretName,
    },
    /// The secrets together are too large to be searched for.
    #[error("the secrets are too large to be masked")]
    TooLarge,
}

/// Finds the values of secrets in bytes and puts stars in their place.
///
/// A value is found as it is, each of its lines of four bytes or more by itself, and in base64, percent, JSON and shell-quoted form.
/// Cheap to clone. With no secrets it does nothing.
#[derive(Clone, Default)]
pub struct Mask(Option<Arc<Inner>>);

struct Inner {
    finder: AhoCorasick,
    patterns: Vec<Secret<Vec<u8>>>,
    longest: usize,
}

impl Mask {
    /// Makes a mask for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a SecretName, &'a Secret<String>)>) -> Result<Self, MaskError> {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        for (name, secret) in secrets {
            let value = secret.expose();
            if value.len() < SHORTEST {
                return Err(MaskError::TooShort { name: name.clone() });
            }
            patterns.extend(forms(value));
        }
        if patterns.is_empty() {
            return Ok(Self(None));
        }
        patterns.sort();
        patterns.dedup();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&patterns)
            .map_err(|_| MaskError::TooLarge)?;
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let patterns = patterns.into_iter().map(Secret::new).collect();
        Ok(Self(Some(Arc::new(Inner { finder, patterns, longest }))))
    }

    /// Masks a whole text.
    pub fn text(&self, text: &str) -> String {
        match &self.0 {
            None => text.to_owned(),
            Some(inner) => inner.finder.replace_all(text, &vec![MASK; inner.patterns.len()]),
        }
    }

    /// Masks a stream that comes in chunks: a secret that is cut in two by a chunk's border is found as well.
    pub fn stream(&self) -> MaskStream {
        MaskStream { mask: self.clone(), held: Vec::new() }
    }
}

/// A stream being masked. What may be the beginning of a secret is held back until the next chunk or the end.
pub struct MaskStream {
    mask: Mask,
    held: Vec<u8>,
}

impl MaskStream {
    /// Takes the next chunk and gives what is certain by now.
    pub fn feed(&mut self, chunk: &[u8]) -> Vec<u8> {
        let Some(inner) = &self.mask.0 else {
            return chunk.to_vec();
        };
        self.held.extend_from_slice(chunk);
        // A match that starts before the part that may still grow is final: only a longer pattern that starts at the same
        // place could be preferred to it, and then the part that may grow would start there too.
        let hold_from = self.held.len() - inner.open_end(&self.held);
        let mut out = Vec::with_capacity(self.held.len());
        let mut done = 0;
        for found in inner.finder.find_iter(&self.held) {
            if found.start() >= hold_from {
                break;
            }
            out.extend_from_slice(&self.held[done..found.start()]);
            out.extend_from_slice(MASK.as_bytes());
            done = found.end();
        }
        if done < hold_from {
            out.extend_from_slice(&self.held[done..hold_from]);
            done = hold_from;
        }
        self.held.drain(..done);
        out
    }

    /// Gives what was held back. The stream can be used again afterwards.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        match &self.mask.0 {
            None => held,
            Some(inner) => inner.finder.replace_all_bytes(&held, &vec![MASK.as_bytes(); inner.patterns.len()]),
        }
    }
}

impl Inner {
    /// Length of the longest end of `bytes` that is a proper beginning of a pattern.
    fn open_end(&self, bytes: &[u8]) -> usize {
        let most = self.longest.saturating_sub(1).min(bytes.len());
        (1..=most)
            .rev()
            .find(|&length| {
                let end = &bytes[bytes.len() - length..];
                self.patterns.iter().any(|pattern| pattern.expose().len() > length && pattern.expose().starts_with(end))
            })
            .unwrap_or(0)
    }
}

fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    let mut lines: Vec<&str> = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST).collect();
    lines.push(value);
    for text in lines {
        forms.push(text.as_bytes().to_vec());
        let json = serde_json::Value::from(text).to_string();
        forms.push(json.as_bytes()[1..json.len() - 1].to_vec());
        forms.push(text.replace('\'', "'\\''").into_bytes());
        forms.push(text.replace('\'', "'\"'\"'").into_bytes());
        forms.push(percent(text).into_bytes());
        let base64 = base64::engine::general_purpose::STANDARD.encode(text);
        forms.push(base64.trim_end_matches('=').as_bytes().to_vec());
    }
    forms
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(values: &[&str]) -> Mask {
        let secrets: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(i, value)| (SecretName::new(format!("s{i}")).expect("a name"), Secret::new((*value).to_owned())))
            .collect();
        Mask::new(secrets.iter().map(|(name, secret)| (name, secret))).expect("a mask")
    }

    #[test]
    fn every_form_of_a_secret_is_masked() {
        let mask = mask(&["it's \"hot\" & new\nsecond line"]);
        for shown in [
            "it's \"hot\" & new\nsecond line",
            "it's \\\"hot\\\" & new",
            "it'\\''s \"hot\" & new",
            "it%27s%20%22hot%22%20%26%20new",
            "second line",
            "aXQncyAiaG90IiAmIG5ldw==",
        ] {
            let masked = mask.text(shown);
            assert!(masked.starts_with(MASK), "{shown:?} came out as {masked:?}");
        }
    }

    #[test]
    fn a_secret_that_cannot_be_masked_is_refused() {
        let name = SecretName::new("pin").expect("a name");
        let secret = Secret::new("123".to_owned());
        assert_eq!(Mask::new([(&name, &secret)]).err(), Some(MaskError::TooShort { name: name.clone() }));
    }

    proptest! {
        #[test]
        fn chunks_are_masked_as_the_whole_is(
            text in "[ab]{0,40}(abab|ababbb|bbaab)?[ab]{0,40}",
            cuts in proptest::collection::vec(1usize..6, 0..60),
        ) {
            let mask = mask(&["abab", "ababbb", "bbaab"]);
            let whole = mask.text(&text).into_bytes();
            let mut stream = mask.stream();
            let mut out = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                out.extend(stream.feed(chunk));
                rest = after;
            }
            out.extend(stream.feed(rest));
            out.extend(stream.finish());
            prop_assert_eq!(out, whole);
        }
    }
}
