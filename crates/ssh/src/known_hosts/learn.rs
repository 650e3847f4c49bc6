use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::{FlockOperation, Mode, OFlags};

use super::file::{KnownHostsFile, hash_name};
use super::{KnownHostsError, Offer};

/// Between two looks at a lock that somebody else holds.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What came of putting a key on record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Learned {
    /// It is on the disk.
    Written,
    /// Somebody else has put a key of that host into the file meanwhile. Nothing was written; that key is known now.
    Forestalled,
}

/// Puts one key on record. Blocks the thread, and for a lock no longer than `limit`.
pub(crate) fn learn(
    known: &mut KnownHostsFile,
    name: &str,
    offer: &Offer,
    limit: Duration,
) -> Result<Learned, KnownHostsError> {
    let Offer::Key { key_type, key } = offer else {
        // An authority vouches for certificates; they are never put on record.
        return Ok(Learned::Written);
    };
    let path = known.path().to_owned();
    let failed = |error: io::Error| KnownHostsError::unwritable(&path, &error);

    make_folder(&path).map_err(failed)?;
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
    let mut file = File::from(file);
    lock(&file, &path, limit)?;

    if file.metadata().map_err(failed)?.len() != known.length() {
        known.take(&mut file).map_err(failed)?;
        if !known.about(name).is_empty() {
            return Ok(Learned::Forestalled);
        }
    }
    let field = if known.is_hashed() {
        let salt: [u8; 20] = random().map_err(failed)?;
        let digest = hash_name(&salt, name);
        format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(digest))
    } else {
        name.to_owned()
    };
    let mut text = format!("{field} {key_type} {}\n", STANDARD.encode(key));
    if !ends_a_line(&mut file).map_err(failed)? {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    // The end of a line that was there already begins none.
    let added = text.strip_prefix('\n').unwrap_or(&text);
    known.extend(added.as_bytes());
    known.skip(text.len() - added.len());
    Ok(Learned::Written)
}

fn random() -> io::Result<[u8; 20]> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            std::fs::DirBuilder::new().mode(0o700).create(folder)
        }
        _ => Ok(()),
    }
}

/// Takes the lock that every runsheet takes. The kernel gives it back when the file is closed, however that comes about.
fn lock(file: &File, path: &Path, limit: Duration) -> Result<(), KnownHostsError> {
    let started = Instant::now();
    loop {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) if started.elapsed() < limit => std::thread::sleep(LOOK_AGAIN),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(KnownHostsError::Locked { path: path.to_owned(), limit });
            }
            Err(error) => return Err(KnownHostsError::unwritable(path, &error.into())),
        }
    }
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
