use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::local_writer::LocalWriter;
use super::{PIECES_HELD, unguessable_name};

/// A file on this machine that is not complete, under a name that nobody else knows or in a folder that has one. It is removed
/// when it is dropped, unless it was kept.
///
/// It is written and hashed by others, so that the host does not wait for the disk.
pub(crate) struct LocalTemp {
    path: PathBuf,
    pieces: mpsc::Sender<Vec<u8>>,
    writing: JoinHandle<io::Result<Written>>,
    /// When it was last changed where it comes from, in seconds since the Unix epoch.
    modified: Option<u32>,
    kept: bool,
}

/// A file all of which is written.
struct Written {
    file: Arc<fs::File>,
    sha256: String,
}

impl LocalTemp {
    /// Makes one in the folder of a target, which only its owner may read.
    pub(crate) async fn beside(target: &Path) -> io::Result<Self> {
        Self::create(folder(target).join(unguessable_name()?), false).await
    }

    /// Makes one with this path, which only its owner may read; there is nothing yet.
    pub(crate) async fn create(path: PathBuf, executable: bool) -> io::Result<Self> {
        let owned = path.clone();
        let made = tokio::task::spawn_blocking(move || {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mode = if executable { Mode::RWXU } else { Mode::RUSR | Mode::WUSR };
            rustix::fs::open(&owned, flags, mode)
        });
        let file = fs::File::from(made.await.map_err(io::Error::other)??);
        let (pieces, taken) = mpsc::channel(PIECES_HELD);
        let writing = tokio::task::spawn_blocking(move || write_all(file, taken));
        Ok(Self { path, pieces, writing, modified: None, kept: false })
    }

    /// Says when it was last changed.
    pub(crate) fn date(&mut self, modified: Option<u32>) {
        self.modified = modified;
    }

    /// Takes the next piece; it is written at some time after that.
    pub(crate) async fn write(&mut self, piece: Vec<u8>) -> io::Result<()> {
        if self.pieces.send(piece).await.is_err() {
            // Whoever wrote has stopped, and says why.
            self.written().await?;
        }
        Ok(())
    }

    /// Brings it to the disk and puts it in the place of its target. Returns its hash.
    pub(crate) async fn replace(mut self, target: &Path) -> io::Result<String> {
        let written = self.written().await?;
        let (path, target) = (self.path.clone(), target.to_owned());
        let replaced = tokio::task::spawn_blocking(move || {
            written.file.sync_all()?;
            fs::rename(path, &target)?;
            // Its name is on the disk only when its folder is.
            fs::File::open(folder(&target))?.sync_all()?;
            io::Result::Ok(written.sha256)
        });
        let sha256 = replaced.await.map_err(io::Error::other)??;
        self.kept = true;
        Ok(sha256)
    }

    /// Leaves it where it is. Returns its hash.
    pub(crate) async fn keep(mut self) -> io::Result<String> {
        let sha256 = self.written().await?.sha256;
        self.kept = true;
        Ok(sha256)
    }

    /// Waits until all of it is written, and dates it.
    async fn written(&mut self) -> io::Result<Written> {
        // The writer ends when nobody can give it more.
        self.pieces = mpsc::channel(1).0;
        let written = (&mut self.writing).await.map_err(io::Error::other)??;
        if let Some(modified) = self.modified {
            written.file.set_modified(UNIX_EPOCH + Duration::from_secs(modified.into()))?;
        }
        Ok(written)
    }
}

fn write_all(file: fs::File, mut pieces: mpsc::Receiver<Vec<u8>>) -> io::Result<Written> {
    let mut writer = LocalWriter::new(file);
    while let Some(piece) = pieces.blocking_recv() {
        writer.write(piece)?;
    }
    let (file, sha256) = writer.end()?;
    Ok(Written { file, sha256 })
}

impl Drop for LocalTemp {
    fn drop(&mut self) {
        if !self.kept {
            let path = std::mem::take(&mut self.path);
            let remove = move || {
                if let Err(error) = fs::remove_file(&path) {
                    tracing::debug!(path = %path.display(), %error, "temporary file stays");
                }
            };
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(remove)),
                Err(_) => remove(),
            }
        }
    }
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
