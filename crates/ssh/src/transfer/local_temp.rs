use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::unguessable_name;

/// A file on this machine that is not complete, under a name that nobody else knows or in a folder that has one. It is removed
/// when it is dropped, unless it was kept.
pub(crate) struct LocalTemp {
    file: File,
    path: PathBuf,
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
        let file = made.await.map_err(io::Error::other)??;
        Ok(Self { file: File::from_std(fs::File::from(file)), path, modified: None, kept: false })
    }

    /// Says when it was last changed.
    pub(crate) fn date(&mut self, modified: Option<u32>) {
        self.modified = modified;
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Brings it to the disk and puts it in the place of its target.
    pub(crate) async fn replace(mut self, target: &Path) -> io::Result<()> {
        self.complete().await?;
        self.file.sync_all().await?;
        tokio::fs::rename(&self.path, target).await?;
        self.kept = true;
        // Its name is on the disk only when its folder is.
        File::open(folder(target)).await?.sync_all().await
    }

    /// Leaves it where it is.
    pub(crate) async fn keep(mut self) -> io::Result<()> {
        self.complete().await?;
        self.kept = true;
        Ok(())
    }

    async fn complete(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        let Some(modified) = self.modified else { return Ok(()) };
        let file = self.file.try_clone().await?.into_std().await;
        let time = UNIX_EPOCH + Duration::from_secs(modified.into());
        tokio::task::spawn_blocking(move || file.set_modified(time)).await.map_err(io::Error::other)?
    }
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
