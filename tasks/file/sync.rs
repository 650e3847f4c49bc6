//! Make a folder on each host like one here.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use runsheet_model::Secret;
use runsheet_task::{
    Arg, ArgKind, Command, Config, Content, Host, LocalFile, LocalFolder, Outcome, TaskError, TaskSpec, Upload,
};

use crate::on_host::HostScript;

const LOOK: HostScript = HostScript::new("sync", &[include_str!("sync_look.sh")]);
const CLEAR: HostScript = HostScript::new("sync", &[include_str!("sync_clear.sh")]);

/// A file up to this size, in bytes, is a few packets: waiting for answers, and for the disk, is what takes time, so many go at once.
const SMALL: u64 = 64 * 1024;
const LARGE_AT_ONCE: usize = 2;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("file.sync", "Makes a folder on each host like one here.")
        .details(
            "Only files that differ in content or mode are sent, each replaced entirely or not at all; folders that are missing are \
             made. A file that its owner may execute gets mode 0755, others 0644. What differs the host tells with sha256sum or \
             shasum; on a host with neither, and for a target that is relative to the login folder, everything is sent.\n\n\
             A folder of 64 small files or more that the host does not have appears with all of them, where the host can unpack an archive \
             (`tar`) and bring it to its disk (`sync -f`); elsewhere file by file.\n\n\
             With `delete`, files in the target that are not in the source are removed at the end, and folders that are empty then.\n\n\
             The folder is part of the plan: a file that changes after planning is not sent. Links to files count as files; \
             links to folders are refused. At most 20,000 files: beyond that, send an archive.\n\n\
             A step's `sudo` does not apply to the transfer: files are written as the login user.",
        )
        .arg(Arg::required("source", ArgKind::LocalFolder, "The folder on this machine."))
        .arg(Arg::required("target", ArgKind::Text, "The folder on the host; what is in the source lands in it."))
        .arg(Arg::optional("delete", ArgKind::Boolean, "Whether other files in the target are removed.").default(false))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, TaskError> {
    let source = config.local_folder("source")?;
    let target = config.text("target")?.trim_end_matches('/');
    if target.is_empty() {
        return Ok(Outcome::failed("the target cannot be the root folder", 2));
    }
    let absolute = target.starts_with('/');
    let delete = config.boolean("delete")?;
    if delete && !absolute {
        return Ok(Outcome::failed("`delete` needs a target that begins with `/`", 2));
    }
    // The transfer starts at the login folder, but a command wherever `dir` and `sudo` take it.
    let differing = if absolute { differing(host, target, &source).await? } else { source.files.iter().collect() };
    if !differing.is_empty() {
        host.would(format!("send {} of {} files to `{target}`", differing.len(), source.files.len()))?;
    }
    let bytes = send(host, target, &differing).await?;
    if delete {
        host.would(format!("remove what is in `{target}` and not in the source, if anything is"))?;
    }
    let removed = if delete { clear(host, target, &source).await? } else { 0 };

    let shown = config.text("target")?;
    if differing.is_empty() && removed == 0 {
        return Ok(Outcome::unchanged(format!("`{shown}` is already as it should be")));
    }
    let mut message = format!("{} of {} files, {bytes} bytes sent to `{shown}`", differing.len(), source.files.len());
    if removed > 0 {
        message.push_str(&format!("; {removed} others removed"));
    }
    Ok(Outcome::changed(message))
}

type Named = (String, LocalFile);

/// The files that the host has not, or not so. What cannot be told counts as such: sending it again does no harm.
async fn differing<'a>(host: &Host, target: &str, source: &'a LocalFolder) -> Result<Vec<&'a Named>, TaskError> {
    let said = host.run(with_list(&LOOK, target, source)).await?;
    let lines: Option<Vec<usize>> = said.stdout.lines().map(|line| line.trim().parse().ok()).collect();
    Ok(match lines {
        Some(lines) if said.ok() => lines.iter().filter_map(|line| source.files.get(line.wrapping_sub(1))).collect(),
        _ => source.files.iter().collect(),
    })
}

/// Removes what is not in the source, and returns how many files that were.
async fn clear(host: &Host, target: &str, source: &LocalFolder) -> Result<u64, TaskError> {
    let said = host.run(with_list(&CLEAR, target, source)).await?;
    match said.stdout.trim().parse() {
        Ok(removed) if said.ok() => Ok(removed),
        _ => Err(TaskError::failed(format!("failed to remove other files: {}", said.complaint()))),
    }
}

fn with_list(script: &HostScript, target: &str, source: &LocalFolder) -> Command {
    let line = |(name, file): &Named| format!("{} {:o} {name}\n", file.sha256, file.mode());
    let list: String = source.files.iter().map(line).collect();
    let bytes = list.len().to_string();
    script.with([target, &bytes]).stdin(Secret::new(list.into_bytes()))
}

/// Sends files, small ones many at once, and returns how many bytes that were.
async fn send(host: &Host, target: &str, files: &[&Named]) -> Result<u64, TaskError> {
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for (name, file) in files {
        let uploads = if file.bytes <= SMALL { &mut small } else { &mut large };
        uploads.push(Upload {
            content: Content::File(file.path.clone()),
            target: format!("{target}/{name}"),
            mode: Some(file.mode()),
            sha256: Some(file.sha256.clone()),
            folders: true,
            moved: Arc::default(),
        });
    }
    let mut bytes = if small.is_empty() { 0 } else { host.put_all(&small).await? };
    let mut sent =
        stream::iter(large).map(|upload| async move { host.put(&upload).await }).buffer_unordered(LARGE_AT_ONCE);
    while let Some(sent) = sent.try_next().await? {
        bytes += sent.bytes;
    }
    Ok(bytes)
}
