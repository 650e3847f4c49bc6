use std::sync::Arc;

use russh_sftp::client::RawSftpSession;
use russh_sftp::protocol::{FileAttributes, OpenFlags};

use super::failure::Failure;
use super::unguessable_name;

/// A file on the host, under a name that nobody else knows. It is removed when it is dropped, unless it was kept.
pub(crate) struct RemoteTemp {
    raw: Arc<RawSftpSession>,
    path: String,
    kept: bool,
}

impl RemoteTemp {
    /// Makes one in a folder (that ends with `/`, or is empty for the login folder) and returns it with its handle.
    pub(crate) async fn create(raw: &Arc<RawSftpSession>, folder: &str, mode: u32) -> Result<(Self, String), Failure> {
        let name = unguessable_name().map_err(|error| Failure::local("no random numbers", &error))?;
        let temp = Self { raw: Arc::clone(raw), path: format!("{folder}{name}"), kept: false };
        // EXCLUDE: whatever is there already, a link above all, is not written to.
        let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
        let attributes = FileAttributes { permissions: Some(mode), ..FileAttributes::empty() };
        match raw.open(&temp.path, flags, attributes).await {
            Ok(handle) => Ok((temp, handle.handle)),
            Err(error) => {
                let folder = if folder.is_empty() { "the login folder" } else { folder };
                Err(Failure::host(&format!("failed to write in {folder}"), &error))
            }
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// It has got its proper name.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for RemoteTemp {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let raw = Arc::clone(&self.raw);
        let path = std::mem::take(&mut self.path);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // If the connection is down the file stays, under a name by which it can be found and removed.
                if let Err(error) = raw.remove(&path).await {
                    tracing::debug!(path, %error, "temporary file stays on the host");
                }
            });
        }
    }
}
