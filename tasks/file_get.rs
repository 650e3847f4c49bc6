//! Fetch a file from each host.

use std::io;
use std::path::Path;

use runsheet_task::{Arg, ArgKind, Config, Download, Host, Outcome, TaskError, TaskSpec};

/// The largest file that is fetched, in bytes, if nobody says otherwise: 1 GiB.
const CAP: i64 = 1 << 30;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.get", "Fetches a file from each host.")
        .details(
            "It lands in a folder with the host's name: `TARGET/HOST/FILE`. A file that is there already is replaced entirely or not \
             at all. The names come from the sheet alone, never from what a host answers.\n\n\
             A step's `sudo` and `dir` do not apply to the transfer: the file is read as the login user.",
        )
        .arg(Arg::required("source", ArgKind::Text, "Its path on the host."))
        .arg(Arg::required("target", ArgKind::Text, "The folder on this machine; it is made if it is missing."))
        .arg(
            Arg::optional("limit", ArgKind::Integer { min: 1, max: i64::MAX }, "The most that is taken, in bytes.")
                .default(CAP),
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let source = config.text("source")?;
    let Some(name) = Path::new(source).file_name().filter(|_| !source.ends_with('/')) else {
        return Ok(Outcome::failed(format!("`{source}` is not the path of a file"), 2));
    };
    let folder = Path::new(config.text("target")?).join(host.name().as_str());
    if let Err(error) = make(folder.clone()).await {
        return Err(TaskError::failed(format!("failed to make `{}`: {error}", folder.display())));
    }
    let cap = u64::try_from(config.integer("limit")?).unwrap_or(u64::MAX);
    let target = folder.join(name);
    let got = host.get(&Download { source: source.to_owned(), target: target.clone(), cap }).await?;
    Ok(Outcome::unchanged(format!("{} bytes fetched to `{}`", got.bytes, target.display())))
}

/// Makes a folder away from the threads that talk to hosts: the disk may be slow.
async fn make(folder: std::path::PathBuf) -> io::Result<()> {
    tokio::task::spawn_blocking(move || std::fs::create_dir_all(folder))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}
