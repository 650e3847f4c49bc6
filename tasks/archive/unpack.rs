//! Unpack an archive into a folder of each host.

use std::sync::Arc;

use runsheet_task::{Arg, ArgKind, Config, Content, Host, Outcome, TaskSpec, Upload};

use crate::early::Early;
use crate::on_host::{HostScript, SHA256, host_path};

const SCRIPT: HostScript =
    HostScript::new("unpack", &[SHA256, include_str!("../release/archive.sh"), include_str!("unpack.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("archive.unpack", "Unpacks an archive into a folder of its own.")
        .details(
            "The archive is a tarball: plain, or compressed with gzip, xz, zstd or bzip2 where the host has the program of that name. It is part of \
             the plan, and the host itself proves the SHA-256 of what arrived. An archive with an entry that leads out of it (an absolute path, \
             `..`, a link out, something below a link) or that is no file, folder or link is refused before it is unpacked. What it holds \
             belongs to the user of the step, and others may not write in it.\n\n\
             It is unpacked beside the folder, which then is there as a whole. In it a file `.runsheet-archive` keeps the SHA-256: a folder that \
             this archive became is left alone, and one that another archive became is a failure, unless `replace`. Then all that is in it \
             goes, also what others have put there, and for a moment there is no such folder; `release.deploy` is for what is in \
             use. A folder that holds anything else is refused.\n\n\
             A step's `sudo` does not apply to the transfer: the archive is sent to `inbox` as the login user, and removed from there. An attempt \
             that is ended by force can leave a hidden folder beside the folder.",
        )
        .arg(Arg::required("archive", ArgKind::LocalFile, "The tarball on this machine."))
        .arg(Arg::required("folder", ArgKind::Text, "The folder on the host."))
        .arg(Arg::optional("replace", ArgKind::Boolean, "Whether what another archive became is replaced.").default(false))
        .arg(Arg::optional("inbox", ArgKind::Text, "The folder on the host to which the archive is sent.").default("/var/tmp"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let archive = config.local_file("archive")?;
    let folder = host_path("folder", config.text("folder")?)?;
    let key = format!("{}.{}.{}", config.run, config.step, config.attempt);
    let arrives = format!("{}/runsheet-{key}", host_path("inbox", config.text("inbox")?)?);
    let ask = async |what: &'static str| {
        host.run(SCRIPT.with([what, folder, archive.sha256.as_str(), arrives.as_str(), key.as_str()])).await
    };

    let what = match Early::unless_ok(ask("look").await?)?.trim() {
        "same" => return Ok(Outcome::unchanged(format!("the archive is unpacked in `{folder}` already"))),
        "absent" => "make",
        "ours" if config.boolean("replace")? => "replace",
        "ours" => {
            let message = format!("`{folder}` holds what another archive became: `replace: true` takes it away");
            return Err(Early::failed(message));
        }
        "foreign" => {
            return Err(Early::failed(format!("`{folder}` holds what no archive has brought: nothing was changed")));
        }
        _ => return Err(Early::failed(format!("cannot tell what is in `{folder}`"))),
    };
    host.would(format!("send {} bytes and {what} `{folder}` of them", archive.bytes))?;
    let upload = Upload {
        content: Content::File(archive.path.clone()),
        target: arrives.clone(),
        mode: Some(0o644),
        sha256: Some(archive.sha256.clone()),
        folders: false,
        moved: Arc::default(),
    };
    if let Err(error) = host.put(&upload).await {
        // It has failed already.
        _ = ask("discard").await;
        return Err(error.into());
    }
    Early::unless_ok(ask("unpack").await?)?;
    match Early::unless_ok(ask("look").await?)?.trim() {
        "same" => Ok(Outcome::changed(format!("{} bytes unpacked in `{folder}`", archive.bytes))),
        _ => Err(Early::failed(format!("`{folder}` is not what was unpacked: somebody else changes it"))),
    }
}
