use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt, TryStreamExt, stream};
use runsheet_task::{Limits, RemoteError, Upload};

use super::host_sync::HostSync;
use super::new_folder::NewFolder;
use super::put::within;
use super::sftp::Sftp;
use super::shared_files::SharedFiles;
use super::shortcut::Shortcuts;
use super::staged::{Staged, Sync};
use super::target::{make_folders, on_host};
use crate::link::Link;
use crate::settings::Deadlines;

/// How many files are brought to the disk together, and then get their names.
const BATCH: usize = 1_000;

/// How many are under way at once. Each has up to sixteen requests of its own; a host opens a thousand files at least.
const AT_ONCE: usize = 64;

/// Bringing so many to the disk one by one takes no longer than asking for all of them.
const FEW: usize = 4;

/// Sends many files, and returns how many bytes that were.
///
/// A disk takes some milliseconds to be sure of a file, and hardly longer to be sure of a thousand: they get their names once all of a
/// batch are on it.
pub(crate) async fn put_all(
    link: &Arc<Link>,
    deadlines: &Deadlines,
    files: &SharedFiles,
    uploads: &[Upload],
    limits: &Limits,
) -> Result<u64, RemoteError> {
    let sftp = &*Sftp::of(link, deadlines, limits).await?;
    let renaming = AtomicBool::new(false);
    within(limits, &renaming, async {
        let mut shortcuts = Shortcuts::new(link, deadlines, limits);
        if let Some(folder) = NewFolder::of(uploads, sftp).await
            && let Some(bytes) = folder.send(sftp, &mut shortcuts, files, &renaming).await?
        {
            return Ok(bytes);
        }
        let mut host_sync = HostSync::default();
        let mut bytes = 0;
        let mut made = HashSet::new();
        for batch in uploads.chunks(BATCH) {
            make_folders_of(sftp, batch, &mut made).await?;
            // By number: a stream of references is not known to be `Send`.
            let staging = (0..batch.len()).map(|number| {
                let upload = &batch[number];
                async move {
                    let staged = Staged::send(sftp, files, upload, Sync::Later).await;
                    staged.map(|staged| (number, staged)).map_err(|failure| failure.about(&upload.target))
                }
            });
            let staged: Vec<(usize, Staged)> = stream::iter(staging).buffer_unordered(AT_ONCE).try_collect().await?;
            sync(sftp, (&mut host_sync, &mut shortcuts), batch, &staged).await?;
            let renaming = &renaming;
            let naming = staged.into_iter().map(|(number, staged)| async move {
                let named = staged.put_in_place(sftp, renaming).await;
                named.map_err(|failure| failure.about(&batch[number].target))
            });
            let mut naming = stream::iter(naming).buffer_unordered(AT_ONCE);
            while let Some(transfer) = naming.try_next().await? {
                bytes += transfer.bytes;
            }
            drop(naming);
            renaming.store(false, Ordering::Relaxed);
        }
        Ok(bytes)
    })
    .await
}

/// Makes the folders of files that want them made, each once.
async fn make_folders_of(sftp: &Sftp, batch: &[Upload], made: &mut HashSet<String>) -> Result<(), RemoteError> {
    for upload in batch.iter().filter(|upload| upload.folders) {
        let target = on_host(&upload.target);
        let Some(end) = target.rfind('/').filter(|&end| end > 0 && !target.contains('\0')) else { continue };
        if made.insert(target[..end].to_owned()) {
            let folder = &target[..=end];
            make_folders(&sftp.raw, folder).await.map_err(|failure| failure.about(&upload.target))?;
        }
    }
    Ok(())
}

/// Brings files to the disk: all together where the host can do that, else one by one.
async fn sync(
    sftp: &Sftp,
    (host_sync, shortcuts): (&mut HostSync, &mut Shortcuts<'_>),
    batch: &[Upload],
    staged: &[(usize, Staged)],
) -> Result<(), RemoteError> {
    if staged.len() > FEW {
        // The folders of one tree may lie on several disks.
        let mut folders = HashSet::new();
        let one_of_each = staged.iter().filter(|(_, staged)| folders.insert(staged.folder()));
        let paths: Vec<&Path> = one_of_each.map(|(_, staged)| Path::new(staged.path())).collect();
        if host_sync.sync(shortcuts, &paths).await {
            return Ok(());
        }
    }
    let syncing = (0..staged.len()).map(|at| async move {
        let (number, staged) = &staged[at];
        staged.sync(sftp).await.map_err(|failure| failure.about(&batch[*number].target))
    });
    stream::iter(syncing).buffer_unordered(AT_ONCE).try_collect().await
}
