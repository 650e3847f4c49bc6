use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::unguessable_name;

/// A folder on this machine, under a name that nobody else knows. It is removed when it is dropped.
///
/// Nothing is in it but what we made: no link leads out of it.
pub(crate) struct LocalFolder {
    path: PathBuf,
    /// Whether there is something at `path` that is to go.
    removed: bool,
}

impl LocalFolder {
    /// Makes one beside a target, for its owner only.
    pub(crate) async fn beside(target: &Path) -> io::Result<Self> {
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let path = parent.join(unguessable_name()?);
        make(path.clone()).await?;
        Ok(Self { path, removed: false })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a folder in it. The one that it is in is there already.
    pub(crate) async fn make(&self, name: &Path) -> io::Result<()> {
        make(self.path.join(name)).await
    }

    /// Brings it to the disk and puts it in the place of its target. What was there goes.
    pub(crate) async fn replace(mut self, target: &Path) -> io::Result<()> {
        let (path, target) = (self.path.clone(), target.to_owned());
        let replaced = tokio::task::spawn_blocking(move || {
            rustix::fs::syncfs(fs::File::open(&path)?)?;
            let replaced = match fs::symlink_metadata(&target) {
                Ok(found) if found.is_dir() => {
                    renameat_with(CWD, &path, CWD, &target, RenameFlags::EXCHANGE)?;
                    true
                }
                Ok(_) => return Err(io::Error::other("there is something that is not a folder")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    renameat_with(CWD, &path, CWD, &target, RenameFlags::NOREPLACE)?;
                    false
                }
                Err(error) => return Err(error),
            };
            let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::File::open(parent)?.sync_all()?;
            Ok(replaced)
        });
        // What was replaced has the unguessable name now, and goes with this.
        self.removed = !replaced.await.map_err(io::Error::other)??;
        Ok(())
    }
}

async fn make(path: PathBuf) -> io::Result<()> {
    tokio::task::spawn_blocking(move || fs::DirBuilder::new().mode(0o700).create(path))
        .await
        .map_err(io::Error::other)?
}

impl Drop for LocalFolder {
    fn drop(&mut self) {
        if self.removed {
            return;
        }
        let path = std::mem::take(&mut self.path);
        let remove = move || {
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::debug!(path = %path.display(), %error, "temporary folder stays");
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}
