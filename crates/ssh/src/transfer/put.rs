use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use runsheet_task::{Limits, RemoteError, Transfer, Upload};

use super::sftp::Sftp;
use super::shared_files::SharedFiles;
use super::staged::{Staged, Sync, unanswered};
use crate::link::Link;
use crate::settings::Deadlines;

/// Sends one file.
pub(crate) async fn put(
    link: &Arc<Link>,
    deadlines: &Deadlines,
    files: &SharedFiles,
    upload: &Upload,
    limits: &Limits,
) -> Result<Transfer, RemoteError> {
    let sftp = Sftp::of(link, deadlines, limits).await?;
    let renaming = AtomicBool::new(false);
    within(limits, &renaming, async {
        let sent = async {
            let staged = Staged::send(&sftp, files, upload, Sync::AtOnce { link, deadlines, limits }).await?;
            staged.put_in_place(&sftp, &renaming).await
        };
        sent.await.map_err(|failure| failure.about(&upload.target))
    })
    .await
}

/// Waits for a transfer within its limits. What is cut short while a file gets its name has an end that nobody knows.
pub(super) async fn within<T>(
    limits: &Limits,
    renaming: &AtomicBool,
    transfer: impl Future<Output = Result<T, RemoteError>>,
) -> Result<T, RemoteError> {
    let cut_short = |error| if renaming.load(Ordering::Relaxed) { unanswered() } else { error };
    tokio::select! {
        biased;
        () = limits.cancel.cancelled() => Err(cut_short(RemoteError::Stopped)),
        () = tokio::time::sleep_until(limits.deadline) => {
            Err(cut_short(RemoteError::TimedOut { limit: limits.limit }))
        }
        outcome = transfer => outcome,
    }
}
