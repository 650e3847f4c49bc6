//! Fetch a file or a folder from each host.

use std::io;
use std::path::Path;
use std::sync::Arc;

use runsheet_task::{Arg, ArgKind, Config, Download, Host, Outcome, TaskError, TaskSpec};

/// The largest file that is fetched, in bytes, if nobody says otherwise: 1 GiB.
const CAP: i64 = 1 << 30;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.get", "Fetches a file or a folder from each host.")
        .details(
            "It lands in a folder with the host's name: `TARGET/HOST/NAME`. What is there already is replaced entirely or not at all: \
             a folder as well, with what else was in it. Nothing that a host answers leads out of that.\n\n\
             Times and whether a file can be executed are kept; all of it is for its owner alone. A link to a file comes as the file; \
             links to folders, devices, and names that are not UTF-8 are left out, and told. At most 20,000 files and folders.\n\n\
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
    let Some(name) = Path::new(source).file_name() else {
        return Ok(Outcome::failed(format!("`{source}` has no name"), 2));
    };
    let folder = Path::new(config.text("target")?).join(host.name().as_str());
    if let Err(error) = make(folder.clone()).await {
        return Err(TaskError::failed(format!("failed to make `{}`: {error}", folder.display())));
    }
    let cap = u64::try_from(config.integer("limit")?).unwrap_or(u64::MAX);
    let target = folder.join(name);
    let source = source.to_owned();
    let got = host.get(&Download { source, target: target.clone(), cap, folder: true, moved: Arc::default() }).await?;
    let what = if got.files == 1 { String::new() } else { format!("{} files, ", got.files) };
    let mut message = format!("{what}{} bytes fetched to `{}`", got.bytes, target.display());
    if !got.left_out.is_empty() {
        message.push_str(&format!("; left out: {}", got.left_out.join(", ")));
    }
    Ok(Outcome::unchanged(message))
}

/// Makes a folder away from the threads that talk to hosts: the disk may be slow.
async fn make(folder: std::path::PathBuf) -> io::Result<()> {
    tokio::task::spawn_blocking(move || std::fs::create_dir_all(folder))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}
