use runsheet_task::{Host, TaskError};

use super::{HostScript, SHA256};

const SCRIPT: HostScript = HostScript::new("file", &[SHA256, include_str!("file.sh")]);

/// Whether the host has a file with this content and mode already. What cannot be told counts as no: sending it again does no harm.
///
/// The path is absolute: a transfer starts at the login folder, but a command wherever `dir` and `sudo` take it.
pub(crate) async fn has_file(host: &Host, path: &str, sha256: &str, mode: u32) -> Result<bool, TaskError> {
    if !path.starts_with('/') {
        return Ok(false);
    }
    let said = host.run(SCRIPT.with([path])).await?;
    let Some((hash, found)) = said.stdout.trim().split_once(' ') else {
        return Ok(false);
    };
    Ok(hash.eq_ignore_ascii_case(sha256) && octal(found) == Some(mode))
}

/// Reads a file mode.
pub(crate) fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok()
}
