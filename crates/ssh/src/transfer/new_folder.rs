use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use runsheet_task::{Limits, RemoteError, Upload};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::archive::Archive;
use super::failure::{Failure, is_absent};
use super::sftp::Sftp;
use super::shared_files::SharedFiles;
use super::shortcut::{Shortcuts, once};
use super::staged::rename;
use super::target::{make_folders, on_host};
use super::unguessable_name;
use crate::link::Link;
use crate::settings::Deadlines;

/// From how many files on a new folder is sent as an archive.
const FEWEST: usize = 64;

/// The last file of an archive: that it is there shows that the archive came whole.
const LAST: &str = ".runsheet-last";

/// Makes a folder, whose path is the first line of the input, and unpacks in it the archive that is the rest. Nobody else sees what is in
/// it before it is whole and on the disk (tar of GNU, busybox or libarchive; sync of GNU coreutils 8.24 or busybox).
const UNPACK: &str = "sh -c 'IFS= read -r folder && mkdir -m 700 \"$folder\" || exit
if (cd \"$folder\" && tar -xopf - && rm .runsheet-last) && chmod \"$(umask -S)\" \"$folder\" && sync -f \"$folder\"; then
    echo runsheet-unpacked
else
    rm -rf \"$folder\"
fi'";
const UNPACKED: &str = "runsheet-unpacked";

/// Removes a folder; its path is the first line of the input.
const REMOVE: &str = "sh -c 'IFS= read -r folder && rm -rf \"$folder\" && echo runsheet-removed'";
const REMOVED: &str = "runsheet-removed";

/// How long that may take.
const REMOVING: Duration = Duration::from_mins(1);

/// A folder that the host does not have, with all files that are to be in it.
///
/// It arrives as one archive and gets its name once all of it is on the disk: SFTP would need seven requests for each file.
pub(super) struct NewFolder<'a> {
    path: &'a str,
    uploads: &'a [Upload],
}

impl<'a> NewFolder<'a> {
    /// Finds the folder that uploads have in common, if it is missing on the host and worth an archive.
    pub(super) async fn of(uploads: &'a [Upload], sftp: &Sftp) -> Option<Self> {
        let is_whole = |upload: &Upload| upload.folders && upload.mode.is_some();
        if uploads.len() < FEWEST || !uploads.iter().all(is_whole) {
            return None;
        }
        let path = common_folder(uploads)?;
        // Who has a file of that name has an archive that never seems to be cut.
        if uploads.iter().any(|upload| on_host(&upload.target).get(path.len() + 1..) == Some(LAST)) {
            return None;
        }
        let is_missing = matches!(sftp.raw.lstat(path).await, Err(error) if is_absent(&error));
        is_missing.then_some(Self { path, uploads })
    }

    /// Sends it, and returns how many bytes its files have. Nothing if the host cannot have it so; then it is as it was.
    pub(super) async fn send(
        &self,
        sftp: &Sftp,
        shortcuts: &mut Shortcuts<'_>,
        files: &SharedFiles,
        renaming: &AtomicBool,
    ) -> Result<Option<u64>, RemoteError> {
        let parent = &self.path[..self.path.rfind('/').map_or(0, |end| end + 1)];
        make_folders(&sftp.raw, parent).await.map_err(|failure| failure.about(self.path))?;
        let Ok(name) = unguessable_name() else { return Ok(None) };
        // A name that begins with `-` would be an option.
        let stage = format!("{}{parent}{name}", if parent.starts_with('/') { "" } else { "./" });

        let (give, input) = mpsc::channel(1);
        let sending = async {
            // Whoever does not take it says why in the end.
            let _ = give.send(format!("{stage}\n").into_bytes()).await;
            let mut archive = Archive::new(give);
            let sizes = archive.add_all(self.uploads, self.path, files).await?;
            archive.end(LAST).await;
            Ok::<_, RemoteError>(sizes)
        };
        let (sent, unpacked) = tokio::join!(sending, shortcuts.run(UNPACK, UNPACKED, input));
        let sizes = sent?;
        if unpacked {
            let stage = Stage::new(stage, shortcuts);
            match rename(sftp, &stage.path, self.path, false, renaming).await {
                Ok(()) => {
                    stage.keep();
                    return Ok(Some(sizes.iter().sum()));
                }
                Err(Failure::Untouched(_)) => renaming.store(false, Ordering::Relaxed),
                Err(failure @ Failure::Other(_)) => return Err(failure.about(self.path)),
            }
        }
        for (upload, size) in self.uploads.iter().zip(sizes) {
            upload.moved.fetch_sub(size, Ordering::Relaxed);
        }
        Ok(None)
    }
}

/// A folder that is whole and has not got its name. It is removed when it is dropped, unless it was kept.
struct Stage {
    path: String,
    link: Arc<Link>,
    deadlines: Deadlines,
    kept: bool,
}

impl Stage {
    fn new(path: String, shortcuts: &Shortcuts<'_>) -> Self {
        Self { path, link: Arc::clone(shortcuts.link), deadlines: shortcuts.deadlines.clone(), kept: false }
    }

    /// It has got its name.
    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let (path, link, deadlines) = (std::mem::take(&mut self.path), Arc::clone(&self.link), self.deadlines.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let deadline = Instant::now() + REMOVING;
                let limits = Limits { deadline, limit: REMOVING, cancel: CancellationToken::new() };
                let mut shortcuts = Shortcuts::new(&link, &deadlines, &limits);
                let input = once(format!("{path}\n").into_bytes());
                let removed = tokio::time::timeout_at(deadline, shortcuts.run(REMOVE, REMOVED, input)).await;
                // If the connection is down it stays, under a name by which it can be found and removed.
                if removed != Ok(true) {
                    tracing::debug!(path, "temporary folder stays on the host");
                }
            });
        }
    }
}

/// The longest path of a folder that all targets are in; nothing where it is the root or the login folder, or a path is an unusual one.
fn common_folder(uploads: &[Upload]) -> Option<&str> {
    let folder_of = |path: &'_ str| path.rfind('/').map_or(0, |end| end);
    let first = on_host(&uploads.first()?.target);
    let mut common = folder_of(first);
    for upload in uploads {
        let path = on_host(&upload.target);
        let is_usual =
            path.split('/').skip(usize::from(path.starts_with('/'))).all(|part| !matches!(part, "" | "." | ".."));
        if !is_usual || path.contains(['\0', '\n']) {
            return None;
        }
        let same = first.bytes().zip(path.bytes()).take_while(|(one, other)| one == other).count();
        common = common.min(same).min(folder_of(path));
        // Not in the middle of a name.
        if first.as_bytes().get(common) != Some(&b'/') || path.as_bytes().get(common) != Some(&b'/') {
            common = first[..common].rfind('/').unwrap_or(0);
        }
    }
    Some(&first[..common]).filter(|folder| !folder.is_empty())
}
