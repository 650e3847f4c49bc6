use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runsheet_model::hex;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::CHUNK;
use super::source::open_file;

/// How much of files is held at most, all together, in pieces: 64 MiB.
const ROOM: usize = (64 << 20) / CHUNK as usize;

/// The most of a file that is read at once, in pieces: 1 MiB.
const MOST_PIECES: usize = (1 << 20) / CHUNK as usize;

/// Files of this machine that many hosts get: each is read and hashed once, however many they are.
///
/// What there is no room for is not held: each host reads it for itself. What has been held longest without use makes room.
pub(crate) struct SharedFiles {
    room: Arc<Semaphore>,
    held: Mutex<Held>,
}

/// Those that are held, of which there may be thousands.
#[derive(Default)]
struct Held {
    files: HashMap<Arc<Planned>, (u64, SharedFile)>,
    /// By when they were used, the longest ago first.
    by_use: BTreeMap<u64, Arc<Planned>>,
    uses: u64,
}

/// A file, and the hash that it is to have.
#[derive(PartialEq, Eq, Hash)]
struct Planned {
    path: PathBuf,
    sha256: String,
}

impl Default for SharedFiles {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(ROOM)), held: Mutex::default() }
    }
}

impl SharedFiles {
    /// Gives out a file that is to have a hash, reading it if nobody has yet. Nothing if there is no room for it.
    pub(crate) async fn get(&self, path: &Path, sha256: &str) -> io::Result<Option<SharedFile>> {
        let planned = Arc::new(Planned { path: path.to_owned(), sha256: sha256.to_owned() });
        if let Some(file) = self.held().known(&planned) {
            return Ok(Some(file));
        }
        let owned = path.to_owned();
        let found = tokio::task::spawn_blocking(move || owned.metadata()).await.map_err(io::Error::other)??;
        let pieces = found.len().div_ceil(CHUNK.into());
        // Files of /proc say that they are empty.
        let Some(pieces) = u32::try_from(pieces).ok().filter(|&pieces| (1..=ROOM).contains(&(pieces as usize))) else {
            return Ok(None);
        };
        let mut held = self.held();
        // Somebody may have been faster.
        if let Some(file) = held.known(&planned) {
            return Ok(Some(file));
        }
        let Some(place) = self.make_room(&mut held, pieces) else { return Ok(None) };
        let file = SharedFile::read(path.to_owned(), found.len(), place);
        held.hold(planned, file.clone());
        Ok(Some(file))
    }

    /// Gives out files, in their order. Those that nobody has read yet are read here and now, one after the other; they are small.
    pub(crate) async fn get_all(&self, wanted: Vec<(PathBuf, String)>) -> Vec<io::Result<SharedFile>> {
        let wanted = wanted.into_iter().map(|(path, sha256)| Arc::new(Planned { path, sha256 }));
        let wanted: Vec<_> = {
            let mut held = self.held();
            wanted.map(|planned| (held.known(&planned), planned)).collect()
        };
        let missing = wanted.iter().filter(|(file, _)| file.is_none());
        let missing: Vec<_> = missing.map(|(_, planned)| planned.path.clone()).collect();
        let reading = tokio::task::spawn_blocking(move || missing.iter().map(|path| whole(path)).collect::<Vec<_>>());
        let mut read = reading.await.unwrap_or_default().into_iter();
        let mut held = self.held();
        let file = |(known, planned): (Option<SharedFile>, Arc<Planned>)| {
            if let Some(file) = known {
                return Ok(file);
            }
            let read = read.next().unwrap_or_else(|| Err(io::Error::other("its reader is gone")))?;
            let place = u32::try_from(read.pieces.len()).ok().and_then(|pieces| self.make_room(&mut held, pieces));
            let is_held = place.is_some();
            let file = SharedFile(Arc::new(InMemory { reading: watch::channel(read).1, _place: place }));
            if is_held {
                held.hold(planned, file.clone());
            }
            Ok(file)
        };
        wanted.into_iter().map(file).collect()
    }

    /// Takes room for so many pieces, from files that nobody uses if need be.
    fn make_room(&self, held: &mut Held, pieces: u32) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(place) = Arc::clone(&self.room).try_acquire_many_owned(pieces) {
                return Some(place);
            }
            let unused = held.by_use.values().find(|planned| held.is_unused(planned)).map(Arc::clone)?;
            held.remove(&unused);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// One that is held. Where reading it failed, or gave something else than it was to be, it is forgotten, and read again.
    fn known(&mut self, planned: &Arc<Planned>) -> Option<SharedFile> {
        let file = self.remove(planned)?;
        let is_good = match &file.0.reading.borrow().end {
            None => true,
            Some(Ok(end)) => end.sha256.eq_ignore_ascii_case(&planned.sha256),
            Some(Err(_)) => false,
        };
        if !is_good {
            return None;
        }
        self.hold(Arc::clone(planned), file.clone());
        Some(file)
    }

    fn hold(&mut self, planned: Arc<Planned>, file: SharedFile) {
        self.uses += 1;
        self.by_use.insert(self.uses, Arc::clone(&planned));
        self.files.insert(planned, (self.uses, file));
    }

    fn remove(&mut self, planned: &Arc<Planned>) -> Option<SharedFile> {
        let (used, file) = self.files.remove(planned)?;
        self.by_use.remove(&used);
        Some(file)
    }

    fn is_unused(&self, planned: &Arc<Planned>) -> bool {
        self.files.get(planned).is_some_and(|(_, file)| Arc::strong_count(&file.0) == 1)
    }
}

/// A file that is in memory, or is about to be.
#[derive(Clone)]
pub(crate) struct SharedFile(Arc<InMemory>);

struct InMemory {
    reading: watch::Receiver<Reading>,
    /// None for what there was no room for, which nobody else gets.
    _place: Option<OwnedSemaphorePermit>,
}

/// How far it has been read.
#[derive(Default)]
struct Reading {
    pieces: Vec<Arc<[u8]>>,
    end: Option<Result<End, Arc<io::Error>>>,
}

/// What it turned out to be.
#[derive(Clone)]
pub(crate) struct End {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// When it was last changed, in seconds since the Unix epoch.
    pub(crate) modified: Option<u32>,
}

impl SharedFile {
    /// Starts a thread that reads it. It has `size` bytes, for which there is a place.
    fn read(path: PathBuf, size: u64, place: OwnedSemaphorePermit) -> Self {
        let (tell, reading) = watch::channel(Reading::default());
        tokio::task::spawn_blocking(move || {
            let end = read(&path, size, &tell).map_err(Arc::new);
            tell.send_modify(|reading| reading.end = Some(end));
        });
        Self(Arc::new(InMemory { reading, _place: Some(place) }))
    }

    /// Returns a piece of it, or nothing after the last one or where reading failed, which [`SharedFile::end`] tells.
    pub(crate) async fn piece(&self, at: usize) -> Option<Arc<[u8]>> {
        let is_known = |reading: &Reading| reading.pieces.len() > at || reading.end.is_some();
        // Most are there already, and then nobody has to wait.
        if is_known(&self.0.reading.borrow()) {
            return self.0.reading.borrow().pieces.get(at).cloned();
        }
        let mut reading = self.0.reading.clone();
        let known = reading.wait_for(is_known).await;
        known.ok().and_then(|reading| reading.pieces.get(at).cloned())
    }

    /// Waits for its end.
    pub(crate) async fn end(&self) -> Result<End, Arc<io::Error>> {
        let mut reading = self.0.reading.clone();
        let ended = reading.wait_for(|reading| reading.end.is_some()).await;
        let end = ended.ok().and_then(|reading| reading.end.clone());
        end.unwrap_or_else(|| Err(Arc::new(io::Error::other("its reader is gone"))))
    }
}

/// Reads a file at once.
fn whole(path: &Path) -> io::Result<Reading> {
    let (mut file, modified) = open_file(path)?;
    let mut hash = Sha256::new();
    let mut pieces: Vec<Arc<[u8]>> = Vec::new();
    let mut bytes = 0_u64;
    while let Some(piece) = next_piece(&mut file)? {
        hash.update(&piece);
        bytes += piece.len() as u64;
        if pieces.len() == MOST_PIECES {
            return Err(io::Error::other("it grows while it is read"));
        }
        pieces.push(Arc::from(piece));
    }
    let end = Some(Ok(End { bytes, sha256: hex(&hash.finalize()), modified }));
    Ok(Reading { pieces, end })
}

fn read(path: &Path, size: u64, tell: &watch::Sender<Reading>) -> io::Result<End> {
    let (mut file, modified) = open_file(path)?;
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    while let Some(piece) = next_piece(&mut file)? {
        hash.update(&piece);
        bytes += piece.len() as u64;
        if bytes > size {
            return Err(io::Error::other("it grows while it is read"));
        }
        if tell.is_closed() {
            return Err(io::Error::other("nobody takes it any more"));
        }
        tell.send_modify(|reading| reading.pieces.push(Arc::from(piece)));
    }
    Ok(End { bytes, sha256: hex(&hash.finalize()), modified })
}

/// Reads the next piece of a file: a whole one, unless it is the last.
pub(super) fn next_piece(file: &mut fs::File) -> io::Result<Option<Vec<u8>>> {
    let mut piece = vec![0; CHUNK as usize];
    let mut length = 0;
    while length < piece.len() {
        match file.read(&mut piece[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    piece.truncate(length);
    Ok(Some(piece).filter(|piece| !piece.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn content(file: &SharedFile) -> Vec<u8> {
        let mut content = Vec::new();
        let mut at = 0;
        while let Some(piece) = file.piece(at).await {
            content.extend_from_slice(&piece);
            at += 1;
        }
        content
    }

    fn sha256(content: &[u8]) -> String {
        hex(&Sha256::digest(content))
    }

    #[tokio::test]
    async fn a_file_is_read_once_and_again_only_if_it_was_not_what_it_was_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("artifact");
        let shared = SharedFiles::default();
        let planned = vec![7; 3 * CHUNK as usize + 1];

        fs::write(&path, "something else").expect("written");
        let early = shared.get(&path, &sha256(&planned)).await.expect("readable").expect("room");
        assert_eq!(early.end().await.expect("read").sha256, sha256(b"something else"));
        fs::write(&path, &planned).expect("written");
        let first = shared.get(&path, &sha256(&planned)).await.expect("readable").expect("room");
        assert_eq!(content(&first).await, planned);
        let end = first.end().await.expect("read");
        assert_eq!((end.bytes, end.sha256), (planned.len() as u64, sha256(&planned)));

        fs::write(&path, "changed again").expect("written");
        let second = shared.get(&path, &sha256(&planned)).await.expect("known").expect("room");
        assert_eq!(content(&second).await, planned);
        assert!(Arc::ptr_eq(&first.0, &second.0));
    }

    #[tokio::test]
    async fn what_is_in_use_keeps_its_room_and_what_is_not_makes_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = SharedFiles::default();
        let large = |name: &str| {
            let path = folder.path().join(name);
            fs::File::create(&path).expect("made").set_len(40 << 20).expect("a file with a hole");
            path
        };
        let (one, other) = (large("one"), large("other"));

        let used = shared.get(&one, "?").await.expect("readable").expect("room");
        assert!(shared.get(&other, "?").await.expect("readable").is_none());
        drop(used);
        assert!(shared.get(&other, "?").await.expect("readable").is_some());
        assert_eq!(shared.held().files.len(), 1);
        assert!(shared.get(&folder.path().join("none"), "?").await.is_err());
    }
}
