//! Files over SFTP (draft-ietf-secsh-filexfer-02, and OpenSSH's `PROTOCOL` for its extensions).
//!
//! A file is replaced entirely or not at all, on either side: it is written under another name in the folder of its
//! target, checked, brought to the disk, and then renamed.

mod failure;
mod get;
mod get_folder;
mod local_folder;
mod local_temp;
mod put;
mod reader;
mod remote_temp;
mod sftp;
mod source;

pub(crate) use get::get;
pub(crate) use put::put;
pub(crate) use sftp::Sftp;

/// What a file is read and written by, in bytes: every server takes packets of this size.
const CHUNK: u32 = 32 * 1024;

/// Requests under way at once. More would fill sshd's window, which costs it four times the work.
const IN_FLIGHT: usize = 16;

/// A name that nobody can have guessed and taken: 128 random bits.
pub(crate) fn unguessable_name() -> std::io::Result<String> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(format!(".runsheet-{}", runsheet_model::hex(&bits)))
}
