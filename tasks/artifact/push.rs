//! Send an artifact to each host, with its checksum beside it.

use std::sync::Arc;

use runsheet_model::hex;
use runsheet_task::{Arg, ArgKind, Config, Content, Host, Outcome, TaskError, TaskSpec, Upload};
use sha2::{Digest, Sha256};

use crate::on_host::{Checksum, checksum, has_file};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("artifact.push", "Sends an artifact to each host, with its checksum beside it.")
        .details(
            "The artifact is a file of the project. It lands as `FOLDER/NAME`, and its SHA-256 in `FOLDER/NAME.sha256`, as `sha256sum -c` reads it \
             there. Folders that are missing are made, so that `folder` can tell group, project and version, such as \
             `/srv/artifacts/acme/shop/1.4.2`. Both files are replaced entirely or not at all, and the host itself proves what arrived.\n\n\
             An artifact that is there already is left alone. What an artifact was made of does not change: another one of the same name is \
             refused, unless `replace` says so.\n\n\
             The content is part of the plan. A step's `sudo` does not apply to the transfer: files are written as the login user.",
        )
        .arg(Arg::required("source", ArgKind::LocalFile, "The artifact on this machine."))
        .arg(Arg::required("folder", ArgKind::Text, "The folder on the host, such as `/srv/artifacts/acme/shop/1.4.2`."))
        .arg(Arg::optional("name", ArgKind::Text, "Its name there; without one that of the source."))
        .arg(Arg::optional("replace", ArgKind::Boolean, "Whether another artifact of that name is replaced.").default(false))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let source = config.local_file("source")?;
    let folder = config.text("folder")?.trim_end_matches('/');
    let own_name = source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = config.opt_text("name").unwrap_or(&own_name);
    if !folder.starts_with('/') || folder.split('/').any(|part| part == "..") || folder.contains(char::is_control) {
        return Ok(Outcome::failed("`folder` is the whole path of a folder, such as `/srv/artifacts`", 2));
    }
    // `sha256sum -c` reads a line; a backslash in a name would have to be written in another way.
    if matches!(name, "" | "." | "..") || name.contains(|c: char| c.is_control() || c == '/' || c == '\\') {
        return Ok(Outcome::failed(format!("`{}` is no name of a file", name.escape_default()), 2));
    }
    let target = format!("{folder}/{name}");
    let beside = format!("{target}.sha256");
    let line = format!("{}  {name}\n", source.sha256);
    let of_line = hex(&Sha256::digest(&line));

    let there = match checksum(host, &target).await? {
        Checksum::Sha256(hash) if hash == source.sha256 => true,
        Checksum::Sha256(hash) if !config.boolean("replace")? => {
            let message = format!("there is another `{target}` already (SHA-256 {hash}): an artifact does not change");
            return Ok(Outcome::failed(message, 1));
        }
        Checksum::Sha256(_) | Checksum::Missing => false,
        Checksum::NoFile => return Ok(Outcome::failed(format!("`{target}` is no file"), 1)),
    };
    if there && has_file(host, &beside, (&of_line, line.len() as u64), 0o644).await? {
        return Ok(Outcome::unchanged(format!("`{target}` is there already")));
    }
    host.would(if there {
        format!("write `{beside}`")
    } else {
        format!("send {} bytes to `{target}`, and write `{beside}`", source.bytes)
    })?;
    if !there {
        host.put(&upload(Content::File(source.path.clone()), &target, source.mode(), &source.sha256)).await?;
        match checksum(host, &target).await? {
            Checksum::Sha256(hash) if hash == source.sha256 => {}
            Checksum::Sha256(hash) => {
                return Ok(Outcome::failed(format!("what arrived at `{target}` has another SHA-256: {hash}"), 1));
            }
            Checksum::Missing | Checksum::NoFile => {
                return Ok(Outcome::failed(format!("there is no file `{target}` after it was sent"), 1));
            }
        }
    }
    host.put(&upload(Content::Bytes(Arc::from(line.as_bytes())), &beside, 0o644, &of_line)).await?;
    Ok(Outcome::changed(if there {
        format!("`{target}` was there already; its checksum was written beside it")
    } else {
        format!("{} bytes sent to `{target}`, SHA-256 {}", source.bytes, source.sha256)
    }))
}

fn upload(content: Content, target: &str, mode: u32, sha256: &str) -> Upload {
    Upload {
        content,
        target: target.to_owned(),
        mode: Some(mode),
        sha256: Some(sha256.to_owned()),
        folders: true,
        moved: Arc::default(),
    }
}
