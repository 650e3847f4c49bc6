//! Files over SFTP (draft-ietf-secsh-filexfer-02, and OpenSSH's `PROTOCOL` for its extensions).
//!
//! A file is replaced entirely or not at all, on either side: it is written under another name in the folder of its
//! target, checked, brought to the disk, and then renamed. Many files of a folder that a host does not have go there as one archive, beside
//! SFTP, and the folder gets its name when all is on the disk.

mod archive;
mod disk_ahead;
mod failure;
mod get;
mod get_folder;
mod host_sync;
mod in_flight;
mod local_folder;
mod local_temp;
mod local_writer;
mod new_folder;
mod put;
mod put_all;
mod reader;
mod remote_temp;
mod sftp;
mod shared_files;
mod shortcut;
mod source;
mod staged;
mod target;

use std::time::Duration;

pub(crate) use get::get;
pub(crate) use put::put;
pub(crate) use put_all::put_all;
pub(crate) use sftp::Sftp;
pub(crate) use shared_files::SharedFiles;

/// How long a second channel may take to be opened, where it only makes things faster: a host may have room for no other.
const OPENING: Duration = Duration::from_secs(5);

/// What a file is read and written by, in bytes: every server takes packets of this size.
const CHUNK: u32 = 32 * 1024;

/// How many pieces of a file are handed from one thread to another at once: waking somebody for each would take longer than what is done
/// with it.
const HANDFUL: usize = 8;

/// Handfuls that this machine's disk is ahead of the host, or behind it.
const HANDFULS_HELD: usize = 2;

/// A name that nobody can have guessed and taken: 128 random bits.
pub(crate) fn unguessable_name() -> std::io::Result<String> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(format!(".runsheet-{}", runsheet_model::hex(&bits)))
}
