use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use rustix::fs::{Mode, OFlags};
use sha1::Sha1;

use super::KnownHostsError;
use super::entry::Entry;
use super::pattern::{HostField, list_matches};

/// A known_hosts file as it was read once.
#[derive(Debug, Default)]
pub(crate) struct KnownHostsFile {
    path: PathBuf,
    entries: Vec<Entry>,
    /// Entries by the names that stand in them in full, so that a long file is not searched for each host.
    by_name: HashMap<String, Vec<usize>>,
    /// Entries that have to be tried one by one: with wildcards, refusals or a hash.
    others: Vec<usize>,
    /// How many bytes were read; more than that came from somebody else since.
    length: u64,
    lines: usize,
}

impl KnownHostsFile {
    /// Reads a file. One that does not exist is empty.
    pub(crate) fn read(path: &Path) -> Result<Self, KnownHostsError> {
        let mut empty = Self { path: path.to_owned(), ..Self::default() };
        // Opening a pipe would wait for a writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mut file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(empty),
            Err(error) => return Err(KnownHostsError::unreadable(path, &error.into())),
        };
        let metadata = file.metadata().map_err(|error| KnownHostsError::unreadable(path, &error))?;
        if metadata.file_type().is_char_device() && path == Path::new("/dev/null") {
            return Ok(empty);
        }
        if !metadata.is_file() {
            return Err(KnownHostsError::NotAFile { path: path.to_owned() });
        }
        if metadata.mode() & 0o002 != 0 {
            return Err(KnownHostsError::WorldWritable { path: path.to_owned() });
        }
        empty.take(&mut file).map_err(|error| KnownHostsError::unreadable(path, &error))?;
        Ok(empty)
    }

    /// Replaces what is known by what the open file holds.
    pub(crate) fn take(&mut self, file: &mut File) -> io::Result<()> {
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        *self = Self { path: std::mem::take(&mut self.path), ..Self::default() };
        self.extend(&text);
        Ok(())
    }

    /// Takes note of what was appended.
    pub(crate) fn extend(&mut self, text: &[u8]) {
        self.length += text.len() as u64;
        for line in text.split_inclusive(|&c| c == b'\n') {
            self.lines += 1;
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            match Entry::parse(self.lines, line) {
                Ok(Some(entry)) => self.add(entry),
                Ok(None) => {}
                Err(reason) => {
                    tracing::warn!(path = %self.path.display(), line = self.lines, reason, "line passed over");
                }
            }
        }
    }

    /// Takes note of bytes that end a line without beginning one.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.length += bytes as u64;
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Whether its names are hashed: new ones are then hashed as well.
    pub(crate) fn is_hashed(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.hosts, HostField::Hashed { .. }))
    }

    /// Returns the entries about a name (in lower case), in the order of the file.
    pub(crate) fn about(&self, name: &str) -> Vec<&Entry> {
        let exact = self.by_name.get(name).into_iter().flatten();
        let others = self.others.iter().filter(|&&at| matches(&self.entries[at].hosts, name));
        let mut found: Vec<usize> = exact.chain(others).copied().collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| &self.entries[at]).collect()
    }

    fn add(&mut self, entry: Entry) {
        let at = self.entries.len();
        match &entry.hosts {
            HostField::Patterns(patterns) if patterns.iter().all(super::pattern::Pattern::is_plain) => {
                for pattern in patterns {
                    self.by_name.entry(pattern.text.clone()).or_default().push(at);
                }
            }
            _ => self.others.push(at),
        }
        self.entries.push(entry);
    }
}

fn matches(hosts: &HostField, name: &str) -> bool {
    match hosts {
        HostField::Patterns(patterns) => list_matches(patterns, name),
        HostField::Hashed { salt, digest } => hash_name(salt, name) == *digest,
    }
}

/// The hash of a name, as `HashKnownHosts` makes it.
pub(crate) fn hash_name(salt: &[u8], name: &str) -> [u8; 20] {
    let mut hmac = Hmac::<Sha1>::new_from_slice(salt).expect("HMAC takes a key of any length");
    hmac.update(name.as_bytes());
    hmac.finalize().into_bytes().into()
}
