use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use runsheet_model::LostReason;
use runsheet_task::{Limits, RemoteError, Transfer, Upload};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::extensions;
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};
use tokio::time::Instant;

use super::disk_ahead::DiskAhead;
use super::failure::{Failure, is_answer};
use super::in_flight::InFlight;
use super::remote_temp::RemoteTemp;
use super::sftp::Sftp;
use super::shared_files::SharedFiles;
use super::source::Source;
use super::target::{PERMISSIONS, Target, make_folders};
use crate::link::Link;
use crate::settings::Deadlines;

/// OpenSSH's rename that replaces what is there, in one go.
const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// The mode of a new file, before the host takes off its umask.
const NEW_FILE: u32 = 0o644;

/// The mode of a file that is not complete.
const PRIVATE: u32 = 0o600;

/// When a file is brought to the host's disk.
#[derive(Clone, Copy)]
pub(super) enum Sync<'a> {
    /// With its last byte; as much of it as possible before.
    AtOnce { link: &'a Arc<Link>, deadlines: &'a Deadlines, limits: &'a Limits },
    /// Later, with others, which somebody else sees to.
    Later,
}

/// A file that is on the host, complete and as it was to be, and has not got its name yet.
pub(super) struct Staged {
    temp: RemoteTemp,
    target: Target,
    bytes: u64,
}

impl Staged {
    /// Sends one.
    pub(super) async fn send(
        sftp: &Sftp,
        files: &SharedFiles,
        upload: &Upload,
        sync: Sync<'_>,
    ) -> Result<Self, Failure> {
        let raw = &sftp.raw;
        let mut source = Source::open(upload, files).await?;
        let target = Target::find(raw, upload).await?;

        // Which mode a new file gets the host alone knows: it makes one, and says.
        let wanted = upload.mode.or(target.mode);
        let first_mode = if wanted.is_some() { PRIVATE } else { NEW_FILE };
        if upload.folders && !target.exists {
            make_folders(raw, target.folder()).await?;
        }
        let asked = Instant::now();
        let (temp, handle) = RemoteTemp::create(raw, target.folder(), first_mode).await?;
        let mut in_flight = InFlight::new(asked.elapsed());
        let mode = if let Some(mode) = wanted {
            mode
        } else {
            let made = raw.fstat(&handle).await.map_err(|error| Failure::host("failed to look at it", &error))?;
            let private = FileAttributes { permissions: Some(PRIVATE), ..FileAttributes::empty() };
            let set = raw.fsetstat(&handle, private).await;
            set.map_err(|error| Failure::host("failed to set its mode", &error))?;
            made.attrs.permissions.unwrap_or(NEW_FILE)
        };

        let mut ahead = match sync {
            Sync::AtOnce { link, deadlines, limits } => Some(DiskAhead::new(link, deadlines, limits, temp.path())),
            Sync::Later => None,
        };
        let bytes =
            write_all(sftp, target.folder(), &handle, &mut source, &upload.moved, &mut in_flight, ahead.as_mut())
                .await?;
        let modified = source.modified();
        let attributes = FileAttributes {
            permissions: Some(mode & PERMISSIONS),
            atime: modified,
            mtime: modified,
            ..FileAttributes::empty()
        };
        settle(sftp, &handle, attributes, bytes, sync).await?;
        Ok(Self { temp, target, bytes })
    }

    /// Where it is until it has its name.
    pub(super) fn path(&self) -> &str {
        self.temp.path()
    }

    /// The folder that it is in, with a `/` at its end.
    pub(super) fn folder(&self) -> &str {
        self.target.folder()
    }

    /// Brings it to the disk.
    pub(super) async fn sync(&self, sftp: &Sftp) -> Result<(), Failure> {
        if !sftp.has(extensions::FSYNC, "1") {
            return Ok(());
        }
        let opened = sftp.raw.open(self.path(), OpenFlags::WRITE, FileAttributes::empty()).await;
        let handle = opened.map_err(|error| Failure::host("failed to open it", &error))?.handle;
        let (synced, closed) = futures::join!(sftp.raw.fsync(&handle), sftp.raw.close(handle.as_str()));
        synced.map_err(|error| Failure::host("failed to bring it to the disk", &error))?;
        closed.map(drop).map_err(|error| Failure::host("failed to close it", &error))
    }

    /// Gives it its name.
    pub(super) async fn put_in_place(self, sftp: &Sftp, renaming: &AtomicBool) -> Result<Transfer, Failure> {
        rename(sftp, self.temp.path(), &self.target.path, self.target.exists, renaming).await?;
        self.temp.keep();
        Ok(Transfer::of_file(self.bytes))
    }
}

/// Looks whether all of it is there, sets mode and times, brings it to the disk and closes it: asked for at once, since a host does
/// what concerns one file in the order in which it was asked for it.
async fn settle(
    sftp: &Sftp,
    handle: &str,
    attributes: FileAttributes,
    bytes: u64,
    sync: Sync<'_>,
) -> Result<(), Failure> {
    let raw: &RawSftpSession = &sftp.raw;
    let syncing = async {
        if matches!(sync, Sync::AtOnce { .. }) && sftp.has(extensions::FSYNC, "1") {
            raw.fsync(handle).await.map(drop)
        } else {
            Ok(())
        }
    };
    let (found, set, synced, closed) =
        futures::join!(raw.fstat(handle), raw.fsetstat(handle, attributes), syncing, raw.close(handle));
    let found = found.map_err(|error| Failure::host("failed to look at it", &error))?;
    if found.attrs.size.is_some_and(|size| size != bytes) {
        return Err(Failure::untouched("the host did not keep all of it"));
    }
    set.map_err(|error| Failure::host("failed to set its mode", &error))?;
    synced.map_err(|error| Failure::host("failed to bring it to the disk", &error))?;
    closed.map(drop).map_err(|error| Failure::host("failed to close it", &error))
}

/// Writes all that comes from a source, several pieces at once, and returns how much that was.
async fn write_all(
    sftp: &Sftp,
    folder: &str,
    handle: &str,
    source: &mut Source,
    moved: &AtomicU64,
    in_flight: &mut InFlight,
    mut ahead: Option<&mut DiskAhead>,
) -> Result<u64, Failure> {
    let mut writes = FuturesUnordered::new();
    let mut offset = 0_u64;
    let mut more = true;
    while more || !writes.is_empty() {
        while more && writes.len() < in_flight.most() {
            let piece = source.next().await;
            if piece.is_empty() {
                more = false;
                break;
            }
            let (at, size) = (offset, piece.len() as u64);
            offset += size;
            writes.push(async move {
                let asked = Instant::now();
                sftp.raw.write(handle, at, piece).await.map(|_| (asked, size))
            });
        }
        match writes.next().await {
            Some(Err(error)) => return Err(write_failure(sftp, folder, &error).await),
            Some(Ok((asked, size))) => {
                in_flight.answered(asked, size);
                moved.fetch_add(size, Ordering::Relaxed);
                if let Some(ahead) = &mut ahead {
                    ahead.wrote(size);
                }
            }
            None => {}
        }
    }
    source.end().await
}

/// The protocol has no word for a full disk, so the disk is asked.
async fn write_failure(sftp: &Sftp, folder: &str, error: &SftpError) -> Failure {
    if is_answer(error) && sftp.has(extensions::STATVFS, "2") {
        let folder = if folder.is_empty() { "." } else { folder };
        if let Ok(disk) = sftp.raw.statvfs(folder).await
            && (disk.blocks_avail == 0 || (disk.inodes > 0 && disk.inodes_avail == 0))
        {
            return Failure::untouched("no space is left on its disk");
        }
    }
    Failure::host("failed to write", error)
}

/// The point of no return: until it is answered nobody knows whether what has the name is the old or the new.
pub(super) async fn rename(
    sftp: &Sftp,
    from: &str,
    to: &str,
    replaces: bool,
    renaming: &AtomicBool,
) -> Result<(), Failure> {
    let raw = &sftp.raw;
    let in_one_go = sftp.has(POSIX_RENAME, "1");
    if !in_one_go && replaces {
        return Err(Failure::untouched(
            "the host cannot replace a file in one go (it has no posix-rename@openssh.com)",
        ));
    }
    renaming.store(true, Ordering::Relaxed);
    let renamed = if in_one_go {
        raw.extended(POSIX_RENAME, two_strings(from, to)).await
    } else {
        raw.rename(from, to).await.map(Packet::Status)
    };
    let refused = |error: &SftpError| Failure::host("failed to give it its name", error);
    match renamed {
        Ok(Packet::Status(status)) if status.status_code == StatusCode::Ok => Ok(()),
        Ok(Packet::Status(status)) => Err(refused(&SftpError::Status(status))),
        Err(error) if is_answer(&error) => Err(refused(&error)),
        Ok(_) | Err(_) => Err(Failure::Other(unanswered())),
    }
}

pub(super) fn unanswered() -> RemoteError {
    RemoteError::Lost { reason: LostReason::RenameUnanswered }
}

fn two_strings(one: &str, other: &str) -> Vec<u8> {
    let mut data = Vec::with_capacity(8 + one.len() + other.len());
    for text in [one, other] {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(text.as_bytes());
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_strings_go_over_the_wire_with_their_lengths() {
        assert_eq!(two_strings("a", ""), [0, 0, 0, 1, b'a', 0, 0, 0, 0]);
    }
}
