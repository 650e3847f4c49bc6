use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use runsheet_model::hex;
use runsheet_task::{Content, Transfer};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;
use super::shared_files::{End, SharedFile, SharedFiles, next_piece};
use super::{CHUNK, PIECES_HELD};

/// Where the content of an upload comes from.
///
/// A file is read and hashed on a thread of its own, a few pieces ahead: the host does not wait for the disk, nor we for the hash.
/// One that other hosts get as well is read and hashed for all of them.
pub(crate) enum Source {
    File(Reading),
    Shared { file: SharedFile, at: usize, end: Option<End>, what: String },
    Bytes { bytes: Arc<[u8]>, at: usize },
}

/// A file that is being read.
pub(crate) struct Reading {
    pieces: mpsc::Receiver<Vec<u8>>,
    /// What became of it: once `pieces` has ended.
    end: oneshot::Receiver<io::Result<Transfer>>,
    modified: Option<u32>,
    what: String,
}

impl Source {
    /// Opens one. With the hash that it is to have it can be shared.
    pub(crate) async fn open(content: &Content, sha256: Option<&str>, files: &SharedFiles) -> Result<Self, Failure> {
        match content {
            Content::Bytes(bytes) => Ok(Self::Bytes { bytes: Arc::clone(bytes), at: 0 }),
            Content::File(path) => {
                let what = format!("failed to read `{}`", path.display());
                if let Some(sha256) = sha256
                    && let Some(file) = files.get(path, sha256).await.map_err(|error| Failure::local(&what, &error))?
                {
                    if file.piece(0).await.is_none() {
                        file.end().await.map_err(|error| Failure::local(&what, &error))?;
                    }
                    return Ok(Self::Shared { file, at: 0, end: None, what });
                }
                let (opened, pieces, end) = start_reading(path.clone());
                match opened.await.unwrap_or_else(|_| Err(io::Error::other("its reader is gone"))) {
                    Ok(modified) => Ok(Self::File(Reading { pieces, end, modified, what })),
                    Err(error) => Err(Failure::local(&what, &error)),
                }
            }
        }
    }

    /// When the file was last changed, in seconds since the Unix epoch; nothing for what is no file. It is known at the end.
    pub(crate) fn modified(&self) -> Option<u32> {
        match self {
            Self::Bytes { .. } => None,
            Self::Shared { end, .. } => end.as_ref().and_then(|end| end.modified),
            Self::File(reading) => reading.modified,
        }
    }

    /// Returns the next piece; an empty one at the end, or where reading failed, which [`Source::end`] tells.
    pub(crate) async fn next(&mut self) -> Vec<u8> {
        match self {
            Self::Bytes { bytes, at } => {
                let end = (*at + CHUNK as usize).min(bytes.len());
                let piece = bytes[*at..end].to_vec();
                *at = end;
                piece
            }
            Self::Shared { file, at, .. } => {
                let piece = file.piece(*at).await.map(|piece| piece.to_vec()).unwrap_or_default();
                *at += 1;
                piece
            }
            Self::File(reading) => reading.pieces.recv().await.unwrap_or_default(),
        }
    }

    /// Returns what all pieces were together.
    pub(crate) async fn end(&mut self) -> Result<Transfer, Failure> {
        match self {
            Self::Bytes { bytes, .. } => Ok(Transfer::of_file(bytes.len() as u64, hex(&Sha256::digest(bytes)))),
            Self::Shared { file, end, what, .. } => {
                let known = file.end().await.map_err(|error| Failure::local(what, &error))?;
                Ok(end.insert(known).transfer.clone())
            }
            Self::File(reading) => {
                let end = (&mut reading.end).await.unwrap_or_else(|_| Err(io::Error::other("its reader is gone")));
                end.map_err(|error| Failure::local(&reading.what, &error))
            }
        }
    }
}

type Opened = oneshot::Receiver<io::Result<Option<u32>>>;

/// Starts a thread that opens a file (and tells when it was last changed), reads it piece by piece, and ends when nobody takes them.
fn start_reading(path: PathBuf) -> (Opened, mpsc::Receiver<Vec<u8>>, oneshot::Receiver<io::Result<Transfer>>) {
    let (tell_opened, opened) = oneshot::channel();
    let (give, pieces) = mpsc::channel(PIECES_HELD);
    let (tell_end, end) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        // Whoever does not listen any more has no use for what is told.
        match open_file(&path) {
            Ok((file, modified)) => {
                let _ = tell_opened.send(Ok(modified));
                let _ = tell_end.send(read(file, &give));
            }
            Err(error) => {
                let _ = tell_opened.send(Err(error));
            }
        }
    });
    (opened, pieces, end)
}

fn read(mut file: fs::File, give: &mpsc::Sender<Vec<u8>>) -> io::Result<Transfer> {
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    while let Some(piece) = next_piece(&mut file)? {
        hash.update(&piece);
        bytes += piece.len() as u64;
        give.blocking_send(piece).map_err(|_| io::Error::other("nobody takes it any more"))?;
    }
    Ok(Transfer::of_file(bytes, hex(&hash.finalize())))
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
