use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::local_writer::LocalWriter;
use super::{HANDFUL, HANDFULS_HELD, unguessable_name};

/// A file on this machine that is not complete, under a name that nobody else knows or in a folder that has one. It is removed
/// when it is dropped, unless it was kept.
///
/// It is written by others, so that the host does not wait for the disk.
pub(crate) struct LocalTemp {
    path: PathBuf,
    handful: Vec<Vec<u8>>,
    pieces: mpsc::Sender<Vec<Vec<u8>>>,
    writing: JoinHandle<io::Result<Arc<fs::File>>>,
    /// When it was last changed where it comes from, in seconds since the Unix epoch.
    modified: Option<u32>,
    kept: bool,
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
        let (pieces, taken) = mpsc::channel(HANDFULS_HELD);
        let writing = tokio::task::spawn_blocking(move || write_all(file, taken));
        Ok(Self { path, handful: Vec::new(), pieces, writing, modified: None, kept: false })
    }

    /// Says when it was last changed.
    pub(crate) fn date(&mut self, modified: Option<u32>) {
        self.modified = modified;
    }

    /// Takes the next piece; it is written at some time after that.
    pub(crate) async fn write(&mut self, piece: Vec<u8>) -> io::Result<()> {
        self.handful.push(piece);
        if self.handful.len() < HANDFUL { Ok(()) } else { self.hand_on().await }
    }

    /// Brings it to the disk and puts it in the place of its target.
    pub(crate) async fn replace(mut self, target: &Path) -> io::Result<()> {
        let file = self.written().await?;
        let (path, target) = (self.path.clone(), target.to_owned());
        let replaced = tokio::task::spawn_blocking(move || {
            file.sync_all()?;
            fs::rename(path, &target)?;
            // Its name is on the disk only when its folder is.
            fs::File::open(folder(&target))?.sync_all()
        });
        replaced.await.map_err(io::Error::other)??;
        self.kept = true;
        Ok(())
    }

    /// Leaves it where it is.
    pub(crate) async fn keep(mut self) -> io::Result<()> {
        self.written().await?;
        self.kept = true;
        Ok(())
    }

    async fn hand_on(&mut self) -> io::Result<()> {
        if self.pieces.send(std::mem::take(&mut self.handful)).await.is_err() {
            // Whoever wrote has stopped, and says why.
            self.end().await?;
        }
        Ok(())
    }

    /// Waits until all of it is written, and dates it.
    async fn written(&mut self) -> io::Result<Arc<fs::File>> {
        self.hand_on().await?;
        let file = self.end().await?;
        if let Some(modified) = self.modified {
            file.set_modified(UNIX_EPOCH + Duration::from_secs(modified.into()))?;
        }
        Ok(file)
    }

    async fn end(&mut self) -> io::Result<Arc<fs::File>> {
        // The writer ends when nobody can give it more.
        self.pieces = mpsc::channel(1).0;
        (&mut self.writing).await.map_err(io::Error::other)?
    }
}

fn write_all(file: fs::File, mut pieces: mpsc::Receiver<Vec<Vec<u8>>>) -> io::Result<Arc<fs::File>> {
    let mut writer = LocalWriter::new(file);
    while let Some(handful) = pieces.blocking_recv() {
        for piece in handful {
            writer.write(&piece)?;
        }
    }
    writer.end()
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
