use std::sync::Arc;

use runsheet_model::hex;
use runsheet_task::{Content, Host, Outcome, TaskError, Upload};
use sha2::{Digest, Sha256};

use super::{HostScript, SHA256};

const SCRIPT: HostScript = HostScript::new("file", &[SHA256, include_str!("file.sh")]);

/// Whether the host has a file with this content and mode already. What cannot be told counts as no: sending it again does no harm.
///
/// The path is absolute: a transfer starts at the login folder, but a command wherever `dir` and `sudo` take it.
pub(crate) async fn has_file(
    host: &Host,
    path: &str,
    (sha256, bytes): (&str, u64),
    mode: u32,
) -> Result<bool, TaskError> {
    let found = hash_there(host, path, bytes, mode).await?;
    Ok(found.is_some_and(|found| found.eq_ignore_ascii_case(sha256)))
}

/// The SHA-256 of a file on the host that has this size, in bytes, and this mode; nothing where there is none, or it cannot be told.
pub(crate) async fn hash_there(host: &Host, path: &str, bytes: u64, mode: u32) -> Result<Option<String>, TaskError> {
    if !path.starts_with('/') {
        return Ok(None);
    }
    let said = host.run(SCRIPT.with([path, &bytes.to_string()])).await?;
    let Some((hash, found)) = said.stdout.trim().split_once(' ') else {
        return Ok(None);
    };
    Ok(Some(hash.to_owned()).filter(|_| octal(found) == Some(mode)))
}

/// Sends a text to a file, unless the host has it so already.
pub(crate) async fn send_text(host: &Host, text: &str, target: &str, mode: &str) -> Result<Outcome, TaskError> {
    let mode = octal(mode).unwrap_or(0o644);
    if target.is_empty() || target.ends_with('/') {
        return Ok(Outcome::failed(format!("`{target}` is not the path of a file"), 2));
    }
    let sha256 = hex(&Sha256::digest(text));
    if has_file(host, target, (&sha256, text.len() as u64), mode).await? {
        return Ok(Outcome::unchanged(format!("`{target}` is already as it should be")));
    }
    host.would(format!("send {} bytes to `{target}`", text.len()))?;
    let upload = Upload {
        content: Content::Bytes(Arc::from(text.as_bytes())),
        target: target.to_owned(),
        mode: Some(mode),
        sha256: Some(sha256),
        folders: false,
        moved: Arc::default(),
    };
    let sent = host.put(&upload).await?;
    Ok(Outcome::changed(format!("{} bytes sent to `{target}`", sent.bytes)))
}

/// Reads a file mode.
pub(crate) fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok()
}
