use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::unguessable_name;

/// A file on this machine, under a name that nobody else knows. It is removed when it is dropped, unless it was kept.
pub(crate) struct LocalTemp {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl LocalTemp {
    /// Makes one in the folder of a target, which only its owner may read.
    pub(crate) async fn beside(target: &Path) -> io::Result<Self> {
        let path = folder(target).join(unguessable_name()?);
        let owned = path.clone();
        let made = tokio::task::spawn_blocking(move || {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::open(&owned, flags, Mode::RUSR | Mode::WUSR)
        });
        let file = made.await.map_err(io::Error::other)??;
        Ok(Self { file: File::from_std(fs::File::from(file)), path, kept: false })
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Brings it to the disk and puts it in the place of its target.
    pub(crate) async fn replace(mut self, target: &Path) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        tokio::fs::rename(&self.path, target).await?;
        self.kept = true;
        // Its name is on the disk only when its folder is.
        File::open(folder(target)).await?.sync_all().await
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
