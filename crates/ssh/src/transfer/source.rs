use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use runsheet_task::Content;
use rustix::fs::{Mode, OFlags};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::CHUNK;
use super::failure::Failure;

/// Where the content of an upload comes from.
pub(crate) enum Source {
    File { file: File, modified: Option<u32>, what: String },
    Bytes { bytes: Arc<[u8]>, at: usize },
}

impl Source {
    pub(crate) async fn open(content: &Content) -> Result<Self, Failure> {
        match content {
            Content::Bytes(bytes) => Ok(Self::Bytes { bytes: Arc::clone(bytes), at: 0 }),
            Content::File(path) => {
                let what = format!("failed to read `{}`", path.display());
                let owned = path.clone();
                let opened = tokio::task::spawn_blocking(move || open_file(&owned)).await;
                match opened.map_err(io::Error::other) {
                    Ok(Ok((file, modified))) => Ok(Self::File { file: File::from_std(file), modified, what }),
                    Ok(Err(error)) | Err(error) => Err(Failure::local(&what, &error)),
                }
            }
        }
    }

    /// When the file was last changed, in seconds since the Unix epoch; nothing for what is no file.
    pub(crate) fn modified(&self) -> Option<u32> {
        match self {
            Self::Bytes { .. } => None,
            Self::File { modified, .. } => *modified,
        }
    }

    /// Returns the next piece; an empty one at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Bytes { bytes, at } => {
                let end = (*at + CHUNK as usize).min(bytes.len());
                let piece = bytes[*at..end].to_vec();
                *at = end;
                Ok(piece)
            }
            Self::File { file, what, .. } => {
                let mut piece = Vec::with_capacity(CHUNK as usize);
                file.take(CHUNK.into()).read_to_end(&mut piece).await.map_err(|error| Failure::local(what, &error))?;
                Ok(piece)
            }
        }
    }
}

/// Opens a file and tells when it was last changed, if version 3 of the protocol has a number for that.
fn open_file(path: &Path) -> io::Result<(fs::File, Option<u32>)> {
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
