//! Fuzzing without coverage and sanitizers, for where there is no nightly compiler: texts of the corpus are mutated by chance and handed to
//! a target. `scripts/fuzz` calls it: `runsheet-fuzz TARGET SECONDS [SEED]`. The same seed makes the same texts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use runsheet_fuzz::{TARGETS, Target};

/// The longest text, in bytes.
const LONGEST: usize = 4_096;

/// A text that takes longer is a finding.
const SLOW: Duration = Duration::from_secs(2);

/// What parsers look for.
const WORDS: [&str; 28] = [
    "\n",
    "\r\n",
    "\0",
    "\t",
    " ",
    "\"",
    "'",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "!",
    "&",
    "*",
    "|1|",
    "%h",
    "%%",
    "${A}",
    "0",
    "-1",
    "18446744073709551616",
    "é",
    "\u{feff}",
    ": ",
    "- ",
    "#",
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let target = words.first().and_then(|name| TARGETS.iter().find(|(known, _)| known == name));
    let (Some((name, target)), Some(seconds)) = (target, words.get(1).and_then(|word| word.parse().ok())) else {
        let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: runsheet-fuzz {} SECONDS [SEED]", names.join("|"));
        return ExitCode::from(2);
    };
    let seed =
        words.get(2).and_then(|word| word.parse().ok()).unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("{name}: {seconds} s, seed {seed}");
    match run(name, *target, Duration::from_secs(seconds), seed) {
        Ok(texts) => {
            println!("{name}: {texts} texts, nothing fell");
            ExitCode::SUCCESS
        }
        Err((text, what)) => {
            let path = keep(name, &text);
            println!("{name}: {what}; the text is {}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// Hands texts to a target until the time is up or one is a finding, and returns how many those were.
fn run(name: &str, target: Target, time: Duration, seed: u64) -> Result<u64, (Vec<u8>, String)> {
    let corpus = corpus(name);
    let mut chance = Chance(seed);
    let started = Instant::now();
    let mut texts = 0;
    let originals = corpus.iter().cloned();
    let mut next = originals.chain(std::iter::from_fn(|| Some(mutated(&corpus, &mut chance))));
    while started.elapsed() < time || texts < corpus.len() as u64 {
        let text = next.next().unwrap_or_default();
        let begun = Instant::now();
        if catch_unwind(|| target(&text)).is_err() {
            return Err((text, "it panicked".to_owned()));
        }
        if begun.elapsed() > SLOW {
            return Err((text, format!("it took {:?}", begun.elapsed())));
        }
        texts += 1;
    }
    Ok(texts)
}

fn folder(kind: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(name)
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = folder("corpus", name);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| fs::read(path).expect("a text")).collect()
}

/// Writes a finding down.
fn keep(name: &str, text: &[u8]) -> PathBuf {
    let folder = folder("artifacts", name);
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{:x}", text.iter().fold(0_u64, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte))));
    fs::write(&path, text).expect("written");
    path
}

/// A text of the corpus, changed in some places.
fn mutated(corpus: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut text = corpus[chance.below(corpus.len())].clone();
    for _ in 0..=chance.below(6) {
        let at = chance.below(text.len() + 1);
        let length = chance.below(16.min(text.len() - at) + 1);
        match chance.below(8) {
            0 if at < text.len() => text[at] ^= 1 << chance.below(8),
            1 if at < text.len() => text[at] = chance.byte(),
            2 => text.insert(at, chance.byte()),
            3 => drop(text.drain(at..at + length)),
            4 => {
                let piece = text[at..at + length].to_vec();
                let again = 1 + chance.below(40);
                text.splice(at..at, piece.repeat(again));
            }
            5 => {
                let other = &corpus[chance.below(corpus.len())];
                let from = chance.below(other.len() + 1);
                let to = from + chance.below(other.len() - from + 1);
                text.splice(at..at + length, other[from..to].iter().copied());
            }
            6 => text.truncate(at),
            _ => drop(text.splice(at..at + length, WORDS[chance.below(WORDS.len())].bytes())),
        }
    }
    text.truncate(LONGEST);
    text
}

/// Numbers that look like chance and follow from a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end.max(1) as u64).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }
}
