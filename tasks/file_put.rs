//! Send a file to each host.

use runsheet_task::{Arg, ArgKind, Config, Content, Host, LocalFile, Outcome, TaskError, TaskSpec, Upload};

use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("file", &[include_str!("on_host/file.sh")]);

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
    // The transfer starts at the login folder, but a command wherever `dir` and `sudo` take it.
    if target.starts_with('/') && is_there(host, target, &source, mode).await? {
        return Ok(Outcome::unchanged(format!("`{target}` is already as it should be")));
    }
    let sent = host
        .put(&Upload {
            content: Content::File(source.path),
            target: target.to_owned(),
            mode: Some(mode),
            sha256: Some(source.sha256),
            folders: false,
        })
        .await?;
    Ok(Outcome::changed(format!("{} bytes sent to `{target}`", sent.bytes)))
}

/// Whether the host has the file already. What cannot be told counts as no: sending it again does no harm.
async fn is_there(host: &Host, target: &str, source: &LocalFile, mode: u32) -> Result<bool, TaskError> {
    let said = host.run(SCRIPT.with([target])).await?;
    let Some((hash, found)) = said.stdout.trim().split_once(' ') else {
        return Ok(false);
    };
    Ok(hash.eq_ignore_ascii_case(&source.sha256) && octal(found) == Some(mode))
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok()
}
