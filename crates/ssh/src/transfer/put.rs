use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use runsheet_model::LostReason;
use runsheet_task::{Content, Limits, RemoteError, Transfer, Upload};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::extensions;
use russh_sftp::protocol::{FileAttributes, Packet, StatusCode};

use super::IN_FLIGHT;
use super::failure::{Failure, is_absent, is_answer};
use super::remote_temp::RemoteTemp;
use super::sftp::Sftp;
use super::source::Source;
use crate::link::Link;
use crate::settings::Deadlines;

/// OpenSSH's rename that replaces what is there, in one go.
const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// The permission bits of a mode.
const PERMISSIONS: u32 = 0o7777;

/// The mode of a new file, before the host takes off its umask.
const NEW_FILE: u32 = 0o644;

/// The mode of a file that is not complete.
const PRIVATE: u32 = 0o600;

/// Sends one file.
pub(crate) async fn put(
    link: &Arc<Link>,
    deadlines: &Deadlines,
    upload: &Upload,
    limits: &Limits,
) -> Result<Transfer, RemoteError> {
    let sftp = Sftp::of(link, deadlines, limits).await?;
    let renaming = AtomicBool::new(false);
    let cut_short = |error| {
        if renaming.load(Ordering::Relaxed) { unanswered() } else { error }
    };
    tokio::select! {
        biased;
        () = limits.cancel.cancelled() => Err(cut_short(RemoteError::Stopped)),
        () = tokio::time::sleep_until(limits.deadline) => {
            Err(cut_short(RemoteError::TimedOut { limit: limits.limit }))
        }
        outcome = send(&sftp, upload, &renaming) => outcome.map_err(|failure| failure.about(&upload.target)),
    }
}

async fn send(sftp: &Sftp, upload: &Upload, renaming: &AtomicBool) -> Result<Transfer, Failure> {
    let raw = &sftp.raw;
    let mut source = Source::open(&upload.content).await?;
    let target = Target::find(raw, upload).await?;

    // Which mode a new file gets the host alone knows: it makes one, and says.
    let wanted = upload.mode.or(target.mode);
    let first_mode = if wanted.is_some() { PRIVATE } else { NEW_FILE };
    if upload.folders && !target.exists {
        make_folders(raw, target.folder()).await?;
    }
    let (temp, handle) = RemoteTemp::create(raw, target.folder(), first_mode).await?;
    let mode = if let Some(mode) = wanted {
        mode
    } else {
        let made = raw.fstat(&handle).await.map_err(|error| Failure::host("failed to look at it", &error))?;
        set_mode(raw, &handle, PRIVATE).await?;
        made.attrs.permissions.unwrap_or(NEW_FILE)
    };

    let transfer = write_all(sftp, target.folder(), &handle, &mut source, &upload.moved).await?;
    if upload.sha256.as_ref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&transfer.sha256)) {
        return Err(Failure::untouched("its content has changed since the plan was made"));
    }
    let written = raw.fstat(&handle).await.map_err(|error| Failure::host("failed to look at it", &error))?;
    if written.attrs.size.is_some_and(|size| size != transfer.bytes) {
        return Err(Failure::untouched("the host did not keep all of it"));
    }
    finish(raw, &handle, mode & PERMISSIONS, source.modified()).await?;
    if sftp.has(extensions::FSYNC, "1") {
        let synced = raw.fsync(&handle).await;
        synced.map_err(|error| Failure::host("failed to bring it to the disk", &error))?;
    }
    raw.close(handle).await.map_err(|error| Failure::host("failed to close it", &error))?;

    rename(sftp, &temp, &target, renaming).await?;
    temp.keep();
    Ok(transfer)
}

async fn set_mode(raw: &RawSftpSession, handle: &str, mode: u32) -> Result<(), Failure> {
    finish(raw, handle, mode, None).await
}

/// Sets mode and time of modification, the latter in seconds since the Unix epoch.
async fn finish(raw: &RawSftpSession, handle: &str, mode: u32, modified: Option<u32>) -> Result<(), Failure> {
    let attributes =
        FileAttributes { permissions: Some(mode), atime: modified, mtime: modified, ..FileAttributes::empty() };
    let set = raw.fsetstat(handle, attributes).await;
    set.map(drop).map_err(|error| Failure::host("failed to set its mode", &error))
}

/// Makes a folder (that ends with `/`, or is empty for the login folder) and those above it, as far as they are missing.
async fn make_folders(raw: &RawSftpSession, folder: &str) -> Result<(), Failure> {
    let ends = folder.char_indices().rev().filter(|&(at, c)| c == '/' && at > 0).map(|(at, _)| at);
    let mut missing = Vec::new();
    for end in ends {
        match raw.stat(&folder[..end]).await {
            Ok(_) => break,
            Err(error) if is_absent(&error) => missing.push(&folder[..end]),
            Err(error) => return Err(Failure::host(&format!("failed to look at `{}`", &folder[..end]), &error)),
        }
    }
    for path in missing.into_iter().rev() {
        // Its mode is for the host's umask to say.
        if let Err(error) = raw.mkdir(path, FileAttributes::empty()).await {
            // Somebody else may have been faster.
            if !raw.stat(path).await.is_ok_and(|found| found.attrs.is_dir()) {
                return Err(Failure::host(&format!("failed to make the folder `{path}`"), &error));
            }
        }
    }
    Ok(())
}

/// Writes all that comes from a source, several pieces at once, and returns how much that was.
async fn write_all(
    sftp: &Sftp,
    folder: &str,
    handle: &str,
    source: &mut Source,
    moved: &AtomicU64,
) -> Result<Transfer, Failure> {
    let mut writes = FuturesUnordered::new();
    let mut offset = 0_u64;
    let mut more = true;
    while more || !writes.is_empty() {
        while more && writes.len() < IN_FLIGHT {
            let piece = source.next().await;
            if piece.is_empty() {
                more = false;
                break;
            }
            let (at, size) = (offset, piece.len() as u64);
            offset += size;
            writes.push(async move { sftp.raw.write(handle, at, piece).await.map(|_| size) });
        }
        match writes.next().await {
            Some(Err(error)) => return Err(write_failure(sftp, folder, &error).await),
            Some(Ok(size)) => moved.fetch_add(size, Ordering::Relaxed),
            None => 0,
        };
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

/// The point of no return: until it is answered nobody knows whether the file is the old one or the new one.
async fn rename(sftp: &Sftp, temp: &RemoteTemp, target: &Target, renaming: &AtomicBool) -> Result<(), Failure> {
    let raw = &sftp.raw;
    let in_one_go = sftp.has(POSIX_RENAME, "1");
    if !in_one_go && target.exists {
        return Err(Failure::untouched(
            "the host cannot replace a file in one go (it has no posix-rename@openssh.com)",
        ));
    }
    renaming.store(true, Ordering::Relaxed);
    let renamed = if in_one_go {
        raw.extended(POSIX_RENAME, two_strings(temp.path(), &target.path)).await
    } else {
        raw.rename(temp.path(), &target.path).await.map(Packet::Status)
    };
    let refused = |error: &SftpError| Failure::host("failed to give it its name", error);
    match renamed {
        Ok(Packet::Status(status)) if status.status_code == StatusCode::Ok => Ok(()),
        Ok(Packet::Status(status)) => Err(refused(&SftpError::Status(status))),
        Err(error) if is_answer(&error) => Err(refused(&error)),
        Ok(_) | Err(_) => Err(Failure::Other(unanswered())),
    }
}

fn unanswered() -> RemoteError {
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

/// The file that is to be replaced or made.
#[derive(Debug)]
struct Target {
    path: String,
    exists: bool,
    /// The permissions of the file that is there.
    mode: Option<u32>,
}

impl Target {
    /// Finds out what is there. A target that is a folder takes the file under its own name.
    async fn find(raw: &RawSftpSession, upload: &Upload) -> Result<Self, Failure> {
        // The login folder is where relative paths start; `~` is the shell's word for it, which SFTP does not know.
        let given = upload.target.strip_prefix("~/").unwrap_or(&upload.target);
        if given.contains('\0') {
            return Err(Failure::untouched("its path has a zero byte"));
        }
        if given.is_empty() || given == "~" || given.ends_with('/') {
            let folder = if given == "~" { "" } else { given };
            return Self::at(raw, format!("{folder}{}", file_name(upload)?)).await;
        }
        match raw.stat(given).await {
            Ok(found) if found.attrs.is_dir() => Self::at(raw, format!("{given}/{}", file_name(upload)?)).await,
            Ok(found) => Self::of(given.to_owned(), &found.attrs),
            Err(error) if is_absent(&error) => Ok(Self::absent(given.to_owned())),
            Err(error) => Err(Failure::host("failed to look at it", &error)),
        }
    }

    async fn at(raw: &RawSftpSession, path: String) -> Result<Self, Failure> {
        match raw.stat(&path).await {
            Ok(found) => Self::of(path, &found.attrs),
            Err(error) if is_absent(&error) => Ok(Self::absent(path)),
            Err(error) => Err(Failure::host("failed to look at it", &error)),
        }
    }

    fn of(path: String, found: &FileAttributes) -> Result<Self, Failure> {
        // A device would be replaced by a file.
        if found.permissions.is_some() && !found.file_type().is_file() {
            return Err(Failure::untouched(format!("`{path}` is there and is not a file")));
        }
        Ok(Self { path, exists: true, mode: found.permissions.map(|mode| mode & PERMISSIONS) })
    }

    fn absent(path: String) -> Self {
        Self { path, exists: false, mode: None }
    }

    /// The path up to its last `/`, that one included.
    fn folder(&self) -> &str {
        self.path.rfind('/').map_or("", |end| &self.path[..=end])
    }
}

fn file_name(upload: &Upload) -> Result<String, Failure> {
    let name = match &upload.content {
        Content::File(path) => path.file_name().and_then(|name| name.to_str()),
        Content::Bytes(_) => None,
    };
    name.map(str::to_owned).ok_or_else(|| Failure::untouched("it is a folder, and what is sent has no name of its own"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_target_is_everything_up_to_its_last_slash() {
        for (path, folder) in [("/etc/motd", "/etc/"), ("/motd", "/"), ("motd", ""), ("a/b/c", "a/b/")] {
            assert_eq!(Target::absent(path.to_owned()).folder(), folder);
        }
    }

    #[test]
    fn two_strings_go_over_the_wire_with_their_lengths() {
        assert_eq!(two_strings("a", ""), [0, 0, 0, 1, b'a', 0, 0, 0, 0]);
    }
}
