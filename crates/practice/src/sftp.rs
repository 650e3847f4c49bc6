//! The SFTP subsystem: version 3 (draft-ietf-secsh-filexfer-02) with four of OpenSSH's extensions (its `PROTOCOL` file).
//!
//! Paths are this machine's, relative ones below the host's home. Requests with names that are not UTF-8 never arrive
//! here: the library answers them with an error that names no request.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh_sftp::protocol::{
    Attrs, Data, ExtendedReply, File as Entry, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode,
    Version,
};
use russh_sftp::server::{Handler, StatusReply};
use tokio::io::{Empty, duplex, split};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::Fault;
use crate::host_state::HostState;
use crate::session_channel::{Ended, Program, SessionChannel};
use crate::sftp_files::{MODE, attributes, entries, real_path, set_at, set_on};

/// The largest packet, as the library has it, and the data that fits into one.
const MAX_PACKET: u32 = 256 * 1024;
const MAX_DATA: u32 = MAX_PACKET - 1024;

/// The most files and folders that a session may hold open.
const MAX_HANDLES: usize = 1000;

/// How many entries of a folder go into one answer, as with OpenSSH's server.
const ENTRIES: usize = 100;

/// Serves SFTP on the channel until the client has ended it.
pub(crate) async fn run(host: Arc<HostState>, channel: SessionChannel) {
    if let Some(Fault::Slow(pause)) = channel.fault() {
        tokio::select! {
            () = sleep(*pause) => {}
            () = host.fleet.stop.cancelled() => return,
        }
    }
    let code = match channel.fault() {
        Some(Fault::ExitCode(code)) => Ended::Code(*code),
        Some(Fault::CloseWithoutStatus) => Ended::Untold,
        _ => Ended::Code(0),
    };
    let (near, far) = duplex(MAX_PACKET as usize);
    let (served, over) = oneshot::channel::<()>();
    let session = Sftp { home: host.home.clone(), open: HashMap::new(), handles: 0, _served: served };
    russh_sftp::server::run(far, session).await;
    let (stdout, stdin) = split(near);
    let program = Program { stdin, stdout, stderr: None::<Empty> };
    let ended = async {
        // It is dropped, never used: the session is over when its handler is gone.
        over.await.ok();
        code
    };
    channel.connect(program, ended, |_| {}).await;
}

/// One SFTP session.
struct Sftp {
    home: PathBuf,
    open: HashMap<String, Opened>,
    handles: u64,
    _served: oneshot::Sender<()>,
}

/// What a handle stands for.
enum Opened {
    File(Arc<File>),
    /// The entries that were not yet given out.
    Folder(Vec<Entry>),
}

impl Sftp {
    fn path(&self, path: &str) -> PathBuf {
        self.home.join(path)
    }

    fn keep(&mut self, id: u32, opened: Opened) -> Result<Handle, StatusReply> {
        if self.open.len() >= MAX_HANDLES {
            return Err(StatusCode::Failure.with_message("too many open handles"));
        }
        self.handles += 1;
        let handle = self.handles.to_string();
        self.open.insert(handle.clone(), opened);
        Ok(Handle { id, handle })
    }

    fn file(&self, handle: &str) -> Result<Arc<File>, StatusReply> {
        match self.open.get(handle) {
            Some(Opened::File(file)) => Ok(Arc::clone(file)),
            _ => Err(StatusCode::Failure.with_message("no such handle")),
        }
    }
}

impl Handler for Sftp {
    type Error = StatusReply;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported.into()
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Result<Version, Self::Error> {
        let mut version = Version::new();
        for name in [POSIX_RENAME, FSYNC, HARDLINK, LIMITS] {
            version.extensions.insert(name.to_owned(), "1".to_owned());
        }
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        flags: OpenFlags,
        attributes: FileAttributes,
    ) -> Result<Handle, Self::Error> {
        let path = self.path(&filename);
        let mut options: OpenOptions = flags.into();
        options.mode(attributes.permissions.unwrap_or(0o666) & MODE);
        let file = system(move || options.open(path)).await?;
        self.keep(id, Opened::File(Arc::new(file)))
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, Self::Error> {
        match self.open.remove(&handle) {
            Some(_) => Ok(done(id)),
            None => Err(StatusCode::Failure.with_message("no such handle")),
        }
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, Self::Error> {
        let file = self.file(&handle)?;
        let mut data = vec![0; len.min(MAX_DATA) as usize];
        let data = system(move || {
            let count = file.read_at(&mut data, offset)?;
            data.truncate(count);
            Ok(data)
        })
        .await?;
        if data.is_empty() && len > 0 {
            return Err(StatusCode::Eof.into());
        }
        Ok(Data { id, data })
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Result<Status, Self::Error> {
        let file = self.file(&handle)?;
        system(move || file.write_all_at(&data, offset)).await?;
        Ok(done(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let path = self.path(&path);
        let attrs = attributes(&system(move || fs::symlink_metadata(path)).await?);
        Ok(Attrs { id, attrs })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let path = self.path(&path);
        let attrs = attributes(&system(move || fs::metadata(path)).await?);
        Ok(Attrs { id, attrs })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, Self::Error> {
        let file = self.file(&handle)?;
        let attrs = attributes(&system(move || file.metadata()).await?);
        Ok(Attrs { id, attrs })
    }

    async fn setstat(&mut self, id: u32, path: String, attributes: FileAttributes) -> Result<Status, Self::Error> {
        let path = self.path(&path);
        system(move || set_at(&path, &attributes)).await?;
        Ok(done(id))
    }

    async fn fsetstat(&mut self, id: u32, handle: String, attributes: FileAttributes) -> Result<Status, Self::Error> {
        let file = self.file(&handle)?;
        system(move || set_on(&file, &attributes)).await?;
        Ok(done(id))
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, Self::Error> {
        let path = self.path(&path);
        let entries = system(move || entries(&path)).await?;
        self.keep(id, Opened::Folder(entries))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, Self::Error> {
        match self.open.get_mut(&handle) {
            Some(Opened::Folder(entries)) if entries.is_empty() => Err(StatusCode::Eof.into()),
            Some(Opened::Folder(entries)) => {
                let rest = entries.len().saturating_sub(ENTRIES);
                Ok(Name { id, files: entries.split_off(rest) })
            }
            _ => Err(StatusCode::Failure.with_message("no such handle")),
        }
    }

    async fn remove(&mut self, id: u32, filename: String) -> Result<Status, Self::Error> {
        let path = self.path(&filename);
        system(move || fs::remove_file(path)).await?;
        Ok(done(id))
    }

    async fn mkdir(&mut self, id: u32, path: String, attributes: FileAttributes) -> Result<Status, Self::Error> {
        let path = self.path(&path);
        let mode = attributes.permissions.unwrap_or(0o777) & MODE;
        system(move || DirBuilder::new().mode(mode).create(path)).await?;
        Ok(done(id))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Result<Status, Self::Error> {
        let path = self.path(&path);
        system(move || fs::remove_dir(path)).await?;
        Ok(done(id))
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, Self::Error> {
        let path = self.path(&path);
        let real = system(move || real_path(&path)).await?;
        Ok(name(id, &real))
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Result<Status, Self::Error> {
        let (from, to) = (self.path(&from), self.path(&to));
        system(move || {
            // This older form never replaces a file; `posix-rename@openssh.com` does.
            if to.symlink_metadata().is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        })
        .await?;
        Ok(done(id))
    }

    async fn readlink(&mut self, id: u32, path: String) -> Result<Name, Self::Error> {
        let path = self.path(&path);
        let target = system(move || fs::read_link(path)).await?;
        Ok(name(id, &target))
    }

    // OpenSSH sends the target first, against the draft, and everybody has followed it.
    async fn symlink(&mut self, id: u32, target: String, link: String) -> Result<Status, Self::Error> {
        let link = self.path(&link);
        system(move || symlink(target, link)).await?;
        Ok(done(id))
    }

    async fn extended(&mut self, id: u32, request: String, data: Vec<u8>) -> Result<Packet, Self::Error> {
        let mut rest = data.as_slice();
        let mut text = || text(&mut rest).ok_or(StatusReply::from(StatusCode::BadMessage));
        match request.as_str() {
            POSIX_RENAME => {
                let (from, to) = (self.path(text()?), self.path(text()?));
                system(move || fs::rename(from, to)).await?;
            }
            HARDLINK => {
                let (from, to) = (self.path(text()?), self.path(text()?));
                system(move || fs::hard_link(from, to)).await?;
            }
            FSYNC => {
                let file = self.file(text()?)?;
                system(move || file.sync_all()).await?;
            }
            LIMITS => {
                let limits = [MAX_PACKET.into(), MAX_DATA.into(), MAX_DATA.into(), MAX_HANDLES as u64];
                let data = limits.iter().flat_map(|limit| limit.to_be_bytes()).collect();
                return Ok(ExtendedReply { id, data }.into());
            }
            _ => return Err(self.unimplemented()),
        }
        Ok(done(id).into())
    }
}

const POSIX_RENAME: &str = "posix-rename@openssh.com";
const FSYNC: &str = "fsync@openssh.com";
const HARDLINK: &str = "hardlink@openssh.com";
const LIMITS: &str = "limits@openssh.com";

/// Asks the system, where the wait holds up nobody else.
async fn system<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StatusReply> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(match error.kind() {
            io::ErrorKind::NotFound => StatusCode::NoSuchFile.into(),
            io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied.into(),
            _ => StatusCode::Failure.with_message(error.to_string()),
        }),
        Err(_) => Err(StatusCode::Failure.with_message("the server is stopping")),
    }
}

fn done(id: u32) -> Status {
    Status { id, status_code: StatusCode::Ok, error_message: "Success".to_owned(), language_tag: String::new() }
}

fn name(id: u32, path: &Path) -> Name {
    Name { id, files: vec![Entry::dummy(path.to_string_lossy())] }
}

/// The next string of an extension's data: its length in four bytes, then itself.
fn text<'a>(data: &mut &'a [u8]) -> Option<&'a str> {
    let (length, rest) = data.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *data = rest;
    std::str::from_utf8(text).ok()
}
