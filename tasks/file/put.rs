//! Send a file to each host.

use std::sync::Arc;

use runsheet_task::{Arg, ArgKind, Config, Content, Host, Outcome, TaskError, TaskSpec, Upload};

use crate::on_host::{has_file, octal};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.put", "Sends a file to each host.")
        .details(
            "The target is replaced entirely or not at all; its folder has to exist. It is left alone if content and mode are \
             already as they should be, which the host tells with sha256sum, shasum or openssl; on a host with none of them, and \
             for a target that is relative to the login folder, the file is always sent.\n\n\
             The content is part of the plan: if the file changes after planning, nothing is sent.\n\n\
             A step's `sudo` and `dir` do not apply to the transfer: the file is written as the login user. To put a file where \
             only root may write, send it to a folder of the login user, and install it from there with `command` and `sudo`.",
        )
        .arg(Arg::required("source", ArgKind::LocalFile, "The file on this machine."))
        .arg(Arg::required("target", ArgKind::Text, "Its path on the host."))
        .arg(Arg::optional("mode", ArgKind::Mode, "Its mode; without one 0755 for a file that its owner may execute, else 0644."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let source = config.local_file("source")?;
    let target = config.text("target")?;
    let mode = config.opt_text("mode").and_then(octal).unwrap_or_else(|| source.mode());
    if target.is_empty() || target.ends_with('/') {
        return Ok(Outcome::failed(format!("`{target}` is not the path of a file"), 2));
    }
    if has_file(host, target, &source.sha256, mode).await? {
        return Ok(Outcome::unchanged(format!("`{target}` is already as it should be")));
    }
    host.would(format!("send {} bytes to `{target}`", source.bytes))?;
    let sent = host
        .put(&Upload {
            content: Content::File(source.path),
            target: target.to_owned(),
            mode: Some(mode),
            sha256: Some(source.sha256),
            folders: false,
            moved: Arc::default(),
        })
        .await?;
    Ok(Outcome::changed(format!("{} bytes sent to `{target}`", sent.bytes)))
}
