//! Send a file to each host.

use std::sync::Arc;

use runsheet_task::{Arg, ArgKind, Config, Content, FileToSend, Host, Outcome, TaskError, TaskSpec, Upload};
use tokio::time::Instant;

use crate::on_host::{has_file, hash_there, octal};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.put", "Sends a file to each host.")
        .details(
            "The target is replaced entirely or not at all; its folder has to exist. It is left alone if content and mode are \
             already as they should be, which the host tells with sha256sum, shasum or openssl; on a host with none of them, and \
             for a target that is relative to the login folder, the file is always sent.\n\n\
             The content is part of the plan: if the file changes after planning, nothing is sent. (`runsheet put` does not read a file of \
             64 MiB or more before it sends it: there its size, its times and its inode are part of the plan.)\n\n\
             A step's `sudo` and `dir` do not apply to the transfer: the file is written as the login user. To put a file where \
             only root may write, send it to a folder of the login user, and install it from there with `command` and `sudo`.",
        )
        .arg(Arg::required("source", ArgKind::LocalFile, "The file on this machine."))
        .arg(Arg::required("target", ArgKind::Text, "Its path on the host."))
        .arg(Arg::optional("mode", ArgKind::Mode, "Its mode; without one 0755 for a file that its owner may execute, else 0644."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let source = config.file_to_send("source")?;
    let target = config.text("target")?;
    let mode = config.opt_text("mode").and_then(octal).unwrap_or_else(|| source.mode());
    if target.is_empty() || target.ends_with('/') {
        return Ok(Outcome::failed(format!("`{target}` is not the path of a file"), 2));
    }
    if is_there(host, &source, target, mode).await? {
        return Ok(Outcome::unchanged(format!("`{target}` is already as it should be")));
    }
    host.would(format!("send {} bytes to `{target}`", source.bytes()))?;
    let (content, sha256) = match source {
        FileToSend::Hashed(file) => (Content::File(file.path), Some(file.sha256)),
        FileToSend::Seen(file) => (Content::Seen(file.path, file.sighting), None),
    };
    let target = target.to_owned();
    let upload = Upload { content, target, mode: Some(mode), sha256, folders: false, moved: Arc::default() };
    let sent = host.put(&upload).await?;
    Ok(Outcome::changed(format!("{} bytes sent to `{}`", sent.bytes, upload.target)))
}

/// Whether the host has it already.
async fn is_there(host: &Host, source: &FileToSend, target: &str, mode: u32) -> Result<bool, TaskError> {
    match source {
        FileToSend::Hashed(file) => has_file(host, target, (&file.sha256, file.bytes), mode).await,
        // It is read only if there is a file of the same size, which may be the same.
        FileToSend::Seen(file) => match hash_there(host, target, file.bytes, mode).await? {
            Some(there) => {
                let left = host.deadline().saturating_duration_since(Instant::now());
                let here = host.local().hash_seen(file, left).await;
                here.map(|here| here.eq_ignore_ascii_case(&there)).map_err(|error| TaskError::failed(error.to_string()))
            }
            None => Ok(false),
        },
    }
}
