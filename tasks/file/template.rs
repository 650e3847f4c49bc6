//! Send a rendered template to each host.

use std::sync::Arc;

use runsheet_model::hex;
use runsheet_task::{Arg, ArgKind, Config, Content, Host, Outcome, TaskError, TaskSpec, Upload};
use sha2::{Digest, Sha256};

use crate::on_host::{has_file, octal};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.template", "Sends a rendered template to each host.")
        .details(
            "The template is a file of the project, with the same syntax and names as templates in a sheet: `vars.NAME` and `host.…`. \
             It is rendered while planning, and what it comes to is part of the plan. There are no secrets in it.\n\n\
             On the host it is as with `file.put`: the target is replaced entirely or not at all, and left alone if content and \
             mode are already as they should be.",
        )
        .arg(Arg::required("source", ArgKind::Template, "The template on this machine."))
        .arg(Arg::required("target", ArgKind::Text, "The path of the file on the host."))
        .arg(Arg::optional("mode", ArgKind::Mode, "Its mode.").default("0644"))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let text = config.rendered("source")?;
    let target = config.text("target")?;
    let mode = octal(config.text("mode")?).unwrap_or(0o644);
    if target.is_empty() || target.ends_with('/') {
        return Ok(Outcome::failed(format!("`{target}` is not the path of a file"), 2));
    }
    let sha256 = hex(&Sha256::digest(text));
    if has_file(host, target, &sha256, mode).await? {
        return Ok(Outcome::unchanged(format!("`{target}` is already as it should be")));
    }
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
