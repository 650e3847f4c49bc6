//! Check what a file on each host holds.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskError, TaskSpec};

use crate::on_host::{Checksum, checksum, sha256};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("artifact.verify", "Checks that a file on each host holds what it should.")
        .details(
            "Compares the SHA-256 of the file on the host with one that is given, or with that of a file of the project, which is part of the \
             plan. The host tells it with sha256sum, shasum or openssl. Another one is a failure, with both in its message.",
        )
        .arg(Arg::required("path", ArgKind::Text, "The whole path of the file on the host."))
        .arg(Arg::optional("sha256", ArgKind::Text, "The SHA-256 that it should have, in hexadecimal."))
        .arg(Arg::optional("source", ArgKind::LocalFile, "A file of the project that it should be like, in place of `sha256`."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let path = config.text("path")?;
    if !path.starts_with('/') || path.ends_with('/') || path.contains(char::is_control) {
        return Ok(Outcome::failed("`path` is the whole path of a file, such as `/srv/app/app.jar`", 2));
    }
    let expected = match (config.opt_text("sha256"), config.local_file("source").ok()) {
        (Some(given), None) => match sha256(given.trim()) {
            Some(hash) => hash,
            None => return Ok(Outcome::failed("`sha256` is 64 hexadecimal digits", 2)),
        },
        (None, Some(source)) => source.sha256,
        _ => return Ok(Outcome::failed("one of `sha256` and `source` has to be given, and only one", 2)),
    };
    Ok(match checksum(host, path).await? {
        Checksum::Sha256(hash) if hash == expected => {
            Outcome::unchanged(format!("`{path}` holds what it should: SHA-256 {expected}"))
        }
        Checksum::Sha256(hash) => {
            Outcome::failed(format!("`{path}` has the SHA-256 {hash}, and should have {expected}"), 1)
        }
        Checksum::Missing => Outcome::failed(format!("there is no `{path}`"), 1),
        Checksum::NoFile => Outcome::failed(format!("`{path}` is no file"), 1),
    })
}
