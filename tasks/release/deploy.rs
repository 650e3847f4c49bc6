//! Make a release of an archive on each host, and make it the current one.

use std::collections::BTreeSet;
use std::sync::Arc;

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, CommandResult, Config, Content, Host, LocalFile, Outcome, TaskSpec, Upload};

use super::place::{Current, Made, Place, place_args, release_name, wait_arg};

use crate::early::Early;

/// What the host ends with when `check` has failed in the new release.
const CHECK_FAILED: i32 = 76;

pub(crate) fn spec() -> TaskSpec {
    let spec = TaskSpec::new("release.deploy", "Makes a release of an archive on each host, and makes it the current one.")
        .details(
            "In the project's folder stand `releases`, with a folder for each release, `shared`, `revisions.log`, and `current`, a link to \
             `releases/NAME`. The archive is a tarball as Bazel's `pkg_tar` or `tar` make one: plain, or compressed with gzip, xz, zstd or bzip2 \
             where the host has the program of that name.\n\n\
             The archive is part of the plan, and the host itself proves the SHA-256 of what arrived. An archive with an entry that leads \
             out of it (an absolute path, `..`, a link out, something below a link) or that is no file, folder or link is refused before it is \
             unpacked. It is unpacked beside the other releases under a name of its own, belongs to the user of the step, and others may not \
             write in it. The shared paths are linked into it, it gets its own name, `check` is run in it, and `current` is \
             switched at once. Whoever reads `current` finds the old release or the new one, never less, also when the work is broken off \
             anywhere; what it left is cleared away by the next one.\n\n\
             A host on which this release is current already is left alone. A release that is there is not unpacked again, and one of the \
             same name and another archive is refused. Two that deploy to the same folder wait for each other.\n\n\
             At the end the oldest releases go, but never the current one nor the one before it. What no deploy has made is left alone.\n\n\
             To restart what serves it is for the next link of the chain. A step's `sudo` does not apply to the transfer: where the login \
             user may not write in `releases`, name a folder as `inbox` in which it may.",
        );
    place_args(spec)
        .arg(Arg::required("archive", ArgKind::LocalFile, "The tarball on this machine."))
        .arg(Arg::optional("release", ArgKind::Text, "The release's name; without one the first 12 digits of the archive's SHA-256. What looks like a number, such as `\"1.10\"`, stands in quotes."))
        .arg(
            Arg::optional("shared", ArgKind::TextList, "What all releases share, such as `log/` or `config/secrets.yml`: links to it in `shared`. A folder with `/` at its end is made if it is missing.")
                .default(Vec::<String>::new()),
        )
        .arg(Arg::optional("strip", ArgKind::Integer { min: 0, max: 20 }, "How many folders that hold all else are taken away at the archive's top.").default(0))
        .arg(Arg::optional("check", ArgKind::Text, "A command that is run in the new release before the switch; if it fails, nothing is switched."))
        .arg(Arg::optional("keep", ArgKind::Integer { min: 1, max: 1000 }, "How many releases are kept.").default(5))
        .arg(Arg::optional("inbox", ArgKind::Text, "A folder on the host to which the archive is sent; without one a folder in `releases`."))
        .arg(wait_arg())
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let archive = config.local_file("archive")?;
    let release = config.opt_text("release").unwrap_or(&archive.sha256[..12]);
    let shared = config.list("shared")?;
    let place = Place::on(host, config)?;
    if release_name(release).is_none() {
        let message =
            format!("`{}` is no name for a release: letters, digits, `.`, `_`, `+` and `-`", release.escape_default());
        return Ok(Outcome::failed(message, 2));
    }
    if let Some(why) = bad_shared(&shared) {
        return Ok(Outcome::failed(why, 2));
    }
    let arrives = match config.opt_text("inbox").map(|inbox| inbox.trim_end_matches('/')) {
        Some(inbox) if inbox.starts_with('/') && !inbox.contains(char::is_control) => {
            format!("{inbox}/runsheet-{}", place.key)
        }
        Some(_) => return Ok(Outcome::failed("`inbox` is the whole path of a folder, such as `/var/tmp`", 2)),
        None => format!("{}/releases/.deploy-{}/archive", place.root, place.key),
    };

    let look = place.look(Some(release)).await?;
    let there = match &look.wanted {
        Some((_, Made::Of(sum))) if *sum == archive.sha256 => true,
        Some((_, Made::Of(sum))) => {
            let message = format!(
                "there is a release `{release}` already, of another archive (SHA-256 {sum}): give this one another name"
            );
            return Ok(Outcome::failed(message, 1));
        }
        Some((_, Made::Strange)) => {
            let message = format!(
                "`{}/releases/{release}` is there and was not made by a deploy: remove it, or give the release another name",
                place.root
            );
            return Ok(Outcome::failed(message, 1));
        }
        Some((_, Made::Absent)) | None => false,
    };
    let current = there && look.current.name() == Some(release);
    if current && !look.left {
        return Ok(Outcome::unchanged(format!("`{release}` is the current release already")));
    }
    host.would(if current {
        format!("clear away what a deploy that was broken off has left in `{}`", place.root)
    } else if there {
        format!("make release `{release}`, which is there, the current one in `{}`", place.root)
    } else {
        format!("send {} bytes and make release `{release}` of them the current one in `{}`", archive.bytes, place.root)
    })?;
    if !there && let Err(failed) = send(&place, host, &archive, &arrives).await {
        // It has failed already. What cannot be removed now goes with a later deploy.
        _ = place.discard(&arrives).await;
        return Err(failed);
    }
    let (strip, keep) = (config.integer("strip")?.to_string(), config.integer("keep")?.to_string());
    let check = config.opt_text("check").unwrap_or_default();
    let mut words = vec![arrives.as_str(), release, &archive.sha256, &strip, check, &keep];
    words.extend(shared);
    match place.deploy(&words, config.duration("wait")?).await {
        Ok(said) => Ok(told(release, &said)),
        Err(Early::Known(busy)) => {
            _ = place.discard(&arrives).await;
            Ok(busy)
        }
        // Whether it uses the archive is not known.
        Err(lost) => Err(lost),
    }
}

/// Sends the archive; how the work ends if it did not arrive.
async fn send(place: &Place<'_>, host: &Host, archive: &LocalFile, arrives: &str) -> Result<(), Early> {
    let prepared = place.prepare().await?;
    if !prepared.ok() {
        return Err(Outcome::failed(prepared.complaint(), prepared.code()).into());
    }
    let upload = Upload {
        content: Content::File(archive.path.clone()),
        target: arrives.to_owned(),
        mode: Some(0o644),
        sha256: Some(archive.sha256.clone()),
        folders: false,
        moved: Arc::default(),
    };
    host.put(&upload).await?;
    Ok(())
}

/// What the host did, in words.
fn told(release: &str, said: &CommandResult) -> Outcome {
    let lines =
        |word: &'static str| said.stdout.lines().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '));
    if !said.ok() {
        let Some(code) = lines("check").next().filter(|_| said.code() == CHECK_FAILED) else {
            return Outcome::failed(said.complaint(), said.code());
        };
        let complaint = if said.stderr.trim().is_empty() { format!("exit status {code}") } else { said.complaint() };
        let message = format!("`check` failed in release `{release}`, and nothing was switched: {complaint}");
        return Outcome::failed(message, code.parse().unwrap_or(1));
    }
    let Some(before) = lines("before").next() else {
        return Outcome::failed(format!("the host does not tell what was switched: {}", said.complaint()), 1);
    };
    if before == release {
        let message = format!("`{release}` is the current release already");
        return if said.stdout.lines().any(|line| line == "cleared") {
            Outcome::changed(message + "; what a deploy that was broken off had left was cleared away")
        } else {
            Outcome::unchanged(message)
        };
    }
    let mut message = format!("`{release}` is the current release; {}", Current::was(before));
    message.push_str(&removed(said));
    Outcome::changed(message)
}

/// What has become of old releases, to be added to a message.
pub(super) fn removed(said: &CommandResult) -> String {
    let names = |word: &str| {
        let names = said.stdout.lines().filter_map(|line| line.strip_prefix(word));
        names.filter_map(release_name).map(|name| format!("`{name}`")).collect::<Vec<_>>()
    };
    let mut message = String::new();
    let (removed, stuck) = (names("removed "), names("stuck "));
    if !removed.is_empty() {
        message.push_str(&format!("; {} removed: {}", plural(removed.len(), "old release"), removed.join(", ")));
    }
    if !stuck.is_empty() {
        message.push_str(&format!(
            "; {} could not be removed: {}",
            plural(stuck.len(), "old release"),
            stuck.join(", ")
        ));
    }
    message
}

/// What is wrong with the shared paths, if anything is.
fn bad_shared(shared: &[&str]) -> Option<String> {
    let mut seen = BTreeSet::new();
    for path in shared {
        let plain = path.strip_suffix('/').unwrap_or(path);
        let bad_part = |part: &str| matches!(part, "" | "." | "..");
        if plain.split('/').any(bad_part) || plain.starts_with('-') || plain.contains(char::is_control) {
            let path = path.escape_default();
            return Some(format!(
                "`{path}` is no shared path: it leads down from the release, such as `config/secrets.yml`"
            ));
        }
        seen.insert(plain);
    }
    if seen.len() < shared.len() {
        return Some("a shared path is given twice".to_owned());
    }
    let below =
        |outer: &&&str| seen.iter().any(|inner| inner.strip_prefix(**outer).is_some_and(|rest| rest.starts_with('/')));
    seen.iter().find(below).map(|outer| format!("a shared path lies below another one, `{outer}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_paths_lead_down_and_not_into_each_other() {
        for good in [&[][..], &["log/"], &["log", "logs", "config/secrets.yml", "config/keys"], &["a b", ".env"]] {
            assert_eq!(bad_shared(good), None, "{good:?}");
        }
        for bad in [
            &[""][..],
            &["/"],
            &["/etc"],
            &[".."],
            &["a/../b"],
            &["a//b"],
            &["./a"],
            &["-x"],
            &["a\n"],
            &["a", "a/"],
            &["a/", "a/b"],
            &["a/b/c", "a"],
        ] {
            assert!(bad_shared(bad).is_some(), "{bad:?}");
        }
    }
}
