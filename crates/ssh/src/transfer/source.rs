use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use runsheet_model::hex;
use runsheet_task::{Content, Sighting, Upload};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;
use super::shared_files::{End, SharedFile, SharedFiles, next_piece};
use super::{CHUNK, HANDFUL, HANDFULS_HELD};

/// Why what was read is not sent.
const CHANGED: &str = "its content has changed since the plan was made";

/// Where the content of an upload comes from, and whether it is what it was to be.
///
/// A file is read on a thread of its own, a few pieces ahead: the host does not wait for the disk, nor we for the hash.
/// One that other hosts get as well is read and hashed for all of them.
pub(crate) struct Source {
    from: From,
    /// The hash that it is to have.
    planned: Option<String>,
    /// What it is called where it cannot be read.
    what: String,
}

enum From {
    File(Reading),
    Shared { file: SharedFile, at: usize, end: Option<End> },
    Bytes { bytes: Arc<[u8]>, at: usize },
}

/// A file that is being read.
struct Reading {
    pieces: mpsc::Receiver<Vec<Vec<u8>>>,
    handful: std::vec::IntoIter<Vec<u8>>,
    /// What became of it: once `pieces` has ended.
    end: oneshot::Receiver<io::Result<Read>>,
    modified: Option<u32>,
}

/// What was read of a file.
struct Read {
    bytes: u64,
    /// Its hash, if anybody wanted to know.
    sha256: Option<String>,
    /// Whether it still was as it had been seen, at the end.
    as_seen: bool,
}

/// What is to be found out about a file that is read.
#[derive(Clone, Copy)]
enum Check {
    /// Its hash.
    Hash,
    /// Whether it is as it was seen.
    Seen(Sighting),
    Nothing,
}

impl Source {
    /// Opens what an upload sends. A file whose hash is known can be shared.
    pub(crate) async fn open(upload: &Upload, files: &SharedFiles) -> Result<Self, Failure> {
        let (path, check) = match &upload.content {
            Content::Bytes(bytes) => {
                let from = From::Bytes { bytes: Arc::clone(bytes), at: 0 };
                return Ok(Self { from, planned: upload.sha256.clone(), what: String::new() });
            }
            Content::File(path) => (path, if upload.sha256.is_some() { Check::Hash } else { Check::Nothing }),
            Content::Seen(path, sighting) => (path, Check::Seen(*sighting)),
        };
        let what = cannot_read(path);
        let local = |error: &io::Error| Failure::local(&what, error);
        let from = if let Some(sha256) = &upload.sha256
            && let Some(file) = files.get(path, sha256).await.map_err(|error| local(&error))?
        {
            if file.piece(0).await.is_none() {
                file.end().await.map_err(|error| local(&error))?;
            }
            From::Shared { file, at: 0, end: None }
        } else {
            From::File(Reading::start(path.clone(), check).await.map_err(|error| local(&error))?)
        };
        Ok(Self { from, planned: upload.sha256.clone(), what })
    }

    /// Takes a file that was found for an upload.
    pub(crate) fn shared(upload: &Upload, found: io::Result<SharedFile>) -> Result<Self, Failure> {
        let what = match &upload.content {
            Content::File(path) | Content::Seen(path, _) => cannot_read(path),
            Content::Bytes(_) => String::new(),
        };
        let file = found.map_err(|error| Failure::local(&what, &error))?;
        Ok(Self { from: From::Shared { file, at: 0, end: None }, planned: upload.sha256.clone(), what })
    }

    /// When the file was last changed, in seconds since the Unix epoch; nothing for what is no file. It is known at the end.
    pub(crate) fn modified(&self) -> Option<u32> {
        match &self.from {
            From::Bytes { .. } => None,
            From::Shared { end, .. } => end.as_ref().and_then(|end| end.modified),
            From::File(reading) => reading.modified,
        }
    }

    /// Returns the next piece; an empty one at the end, or where reading failed, which [`Source::end`] tells.
    pub(crate) async fn next(&mut self) -> Vec<u8> {
        match &mut self.from {
            From::Bytes { bytes, at } => {
                let end = (*at + CHUNK as usize).min(bytes.len());
                let piece = bytes[*at..end].to_vec();
                *at = end;
                piece
            }
            From::Shared { file, at, .. } => {
                let piece = file.piece(*at).await.map(|piece| piece.to_vec()).unwrap_or_default();
                *at += 1;
                piece
            }
            From::File(reading) => reading.next().await,
        }
    }

    /// Returns how many bytes all pieces were, if they are what they were to be.
    pub(crate) async fn end(&mut self) -> Result<u64, Failure> {
        let (bytes, sha256) = match &mut self.from {
            From::Bytes { bytes, .. } => {
                (bytes.len() as u64, self.planned.as_ref().map(|_| hex(&Sha256::digest(bytes))))
            }
            From::Shared { file, end, .. } => {
                let known = file.end().await.map_err(|error| Failure::local(&self.what, &error))?;
                let known = end.insert(known);
                (known.bytes, Some(known.sha256.clone()))
            }
            From::File(reading) => {
                let end = (&mut reading.end).await.unwrap_or_else(|_| Err(gone()));
                let read = end.map_err(|error| Failure::local(&self.what, &error))?;
                if !read.as_seen {
                    return Err(Failure::untouched(CHANGED));
                }
                (read.bytes, read.sha256)
            }
        };
        match (&self.planned, sha256) {
            (Some(planned), Some(sha256)) if !planned.eq_ignore_ascii_case(&sha256) => Err(Failure::untouched(CHANGED)),
            _ => Ok(bytes),
        }
    }
}

impl Reading {
    /// Starts a thread that opens a file, reads it piece by piece, and ends when nobody takes them.
    async fn start(path: PathBuf, check: Check) -> io::Result<Self> {
        let (tell_opened, opened) = oneshot::channel();
        let (give, pieces) = mpsc::channel(HANDFULS_HELD);
        let (tell_end, end) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            // Whoever does not listen any more has no use for what is told.
            match open_file(&path) {
                Ok((file, modified)) => {
                    let _ = tell_opened.send(Ok(modified));
                    let _ = tell_end.send(read(file, check, &give));
                }
                Err(error) => {
                    let _ = tell_opened.send(Err(error));
                }
            }
        });
        let modified = opened.await.unwrap_or_else(|_| Err(gone()))?;
        Ok(Self { pieces, handful: Vec::new().into_iter(), end, modified })
    }

    async fn next(&mut self) -> Vec<u8> {
        loop {
            if let Some(piece) = self.handful.next() {
                return piece;
            }
            match self.pieces.recv().await {
                Some(handful) => self.handful = handful.into_iter(),
                None => return Vec::new(),
            }
        }
    }
}

fn read(mut file: fs::File, check: Check, give: &mpsc::Sender<Vec<Vec<u8>>>) -> io::Result<Read> {
    let as_seen = |file: &fs::File| match check {
        Check::Seen(sighting) => file.metadata().map(|found| Sighting::of(&found) == sighting),
        Check::Hash | Check::Nothing => Ok(true),
    };
    let mut hash = matches!(check, Check::Hash).then(Sha256::new);
    let mut bytes = 0_u64;
    let mut more = as_seen(&file)?;
    while more {
        let mut handful = Vec::with_capacity(HANDFUL);
        while more && handful.len() < HANDFUL {
            match next_piece(&mut file)? {
                Some(piece) => {
                    if let Some(hash) = &mut hash {
                        hash.update(&piece);
                    }
                    bytes += piece.len() as u64;
                    handful.push(piece);
                }
                None => more = false,
            }
        }
        give.blocking_send(handful).map_err(|_| io::Error::other("nobody takes it any more"))?;
    }
    Ok(Read { bytes, sha256: hash.map(|hash| hex(&hash.finalize())), as_seen: as_seen(&file)? })
}

fn cannot_read(path: &Path) -> String {
    format!("failed to read `{}`", path.display())
}

fn gone() -> io::Error {
    io::Error::other("its reader is gone")
}

/// Opens a file and tells when it was last changed, if version 3 of the protocol has a number for that.
pub(super) fn open_file(path: &Path) -> io::Result<(fs::File, Option<u32>)> {
    // Opening a pipe would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = fs::File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let modified = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok((file, modified.and_then(|since| u32::try_from(since.as_secs()).ok())))
}
