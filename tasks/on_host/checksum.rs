use runsheet_model::shortened;
use runsheet_task::{Host, TaskError};

use super::{HostScript, SHA256};

const SCRIPT: HostScript = HostScript::new("sha256", &[SHA256, include_str!("sha256_of.sh")]);

/// What a host says of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// Its SHA-256 in hexadecimal, in small letters.
    Sha256(String),
    /// There is no such file.
    Missing,
    /// Something else has its name, such as a folder.
    NoFile,
}

/// Asks the host for the SHA-256 of a file. It is an error if the host has no program for it, or may not read the file.
pub(crate) async fn checksum(host: &Host, path: &str) -> Result<Checksum, TaskError> {
    let said = host.run(SCRIPT.with([path])).await?;
    let answer = said.stdout.trim();
    match answer {
        "none" if said.ok() => Ok(Checksum::Missing),
        "other" if said.ok() => Ok(Checksum::NoFile),
        "unknown" if said.ok() => {
            Err(TaskError::failed("none of `sha256sum`, `shasum` and `openssl` is installed on the host"))
        }
        _ => sha256(answer).filter(|_| said.ok()).map(Checksum::Sha256).ok_or_else(|| {
            let complaint = shortened(&said.complaint(), 300);
            TaskError::failed(format!("cannot tell what is in `{path}`: {complaint}"))
        }),
    }
}

/// Reads a SHA-256 in hexadecimal; large letters become small ones.
pub(crate) fn sha256(word: &str) -> Option<String> {
    (word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit())).then(|| word.to_ascii_lowercase())
}
