//! Check out a commit of a repository on each host.

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use super::remote::Remote;
use super::tree::{Head, Look, Tree, WorkTree, commit};

use crate::early::Early;

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("git.checkout", "Checks out a commit of a repository on each host.")
        .details(
            "The folder is cloned if it is missing or empty. The host asks the repository to which commit a branch or a tag leads, fetches what \
             it has not, and checks out exactly that commit, detached: no branch of the host is moved. A work tree that is at this commit \
             already is left alone. Whether it came true is looked at afterwards.\n\n\
             A work tree in which files that git knows were changed is refused; with `force` these changes are lost. Files that git does \
             not know stay. A work tree that was cloned from somewhere else is refused. A name that is both a branch and a tag \
             has to be written as `refs/heads/NAME` or `refs/tags/NAME`. Submodules are not checked out.\n\n\
             Neither git nor ssh asks for anything: keys and credentials are those of the user of the step. A URL with a password in it is \
             refused, and so is every protocol that `protocols` does not name, such as `file` (also for a path), `git`, `http` and `ext`.",
        )
        .arg(Arg::required("repository", ArgKind::Text, "The repository's URL, as git reads it."))
        .arg(Arg::required("path", ArgKind::Text, "The whole path of the folder on the host."))
        .arg(Arg::required("revision", ArgKind::Text, "A commit, in full or its first 4 digits and more, a tag or a branch. What looks like a number, such as `\"1.10\"`, stands in quotes."))
        .arg(Arg::optional("force", ArgKind::Boolean, "Whether changes in the work tree may be lost.").default(false))
        .arg(
            Arg::optional("protocols", ArgKind::TextList, "The protocols that git may use.")
                .default(vec!["https".to_owned(), "ssh".to_owned()]),
        )
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let path = config.text("path")?.trim_end_matches('/');
    let revision = config.text("revision")?;
    let force = config.boolean("force")?;
    if !path.starts_with('/') || path.split('/').any(|part| part == "..") || path.contains(char::is_control) {
        return Ok(Outcome::failed("`path` is the whole path of a folder, such as `/srv/app`", 2));
    }
    if !is_revision(revision) {
        return Ok(Outcome::failed(format!("`{}` is no commit, tag or branch", revision.escape_default()), 2));
    }
    let remote = Remote::new(config.text("repository")?, &config.list("protocols")?)?;
    let url = remote.url;
    let tree = WorkTree { host, path, remote };
    let look = tree.look(&refs(revision)).await?;
    let head = match &look.tree {
        Tree::Free => None,
        Tree::Other => return Ok(Outcome::failed(format!("`{path}` is there and is no work tree of git"), 1)),
        Tree::Repository(head) if head.origin != url => {
            let message = format!("`{path}` was cloned from `{}` and not from `{url}`", nameless(&head.origin));
            return Ok(Outcome::failed(message, 1));
        }
        Tree::Repository(head) => Some(head),
    };
    if let Some(dirty) = head.map(|head| head.dirty).filter(|dirty| *dirty > 0 && !force) {
        let message =
            format!("{} in `{path}` were changed by somebody: `force` would lose that", plural(dirty, "file"));
        return Ok(Outcome::failed(message, 1));
    }
    let wanted = wanted(revision, &look).map_err(Early::failed)?;
    let before = head.and_then(|head| head.commit.as_deref());
    if let Some(now) = before.filter(|now| now.starts_with(wanted))
        && head.is_some_and(is_settled)
    {
        return Ok(Outcome::unchanged(format!("`{path}` is at {now} already")));
    }
    host.would(match before {
        Some(before) => format!("check out {wanted} in `{path}`, which is at {before}"),
        None => format!("clone `{url}` and check out {wanted} in `{path}`"),
    })?;
    let said = tree.check_out(wanted, force).await?;
    if !said.ok() {
        return Ok(Outcome::failed(said.complaint(), said.code()));
    }
    Ok(match said.stdout.trim().strip_prefix("head ").and_then(commit) {
        Some(now) => Outcome::changed(format!("`{path}`: {} → {now}", before.unwrap_or("nothing"))),
        None => Outcome::failed(format!("the host does not tell what was checked out: {}", said.complaint()), 1),
    })
}

/// Whether there is nothing to do if the commit is the right one.
fn is_settled(head: &Head) -> bool {
    !head.on_branch && head.dirty == 0
}

/// The URL of somebody else, without a password that may stand in it.
fn nameless(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://…@{rest}"),
        None => url.to_owned(),
    }
}

/// Names that git takes for one commit, tag or branch and for nothing else (git-check-ref-format(1)).
fn is_revision(revision: &str) -> bool {
    let strange = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none();
    !revision.starts_with('-')
        && !revision.contains(strange)
        && !["..", "@{"].iter().any(|word| revision.contains(word))
        && revision != "@"
        && !revision.ends_with('.')
        && revision.split('/').all(part)
}

/// The refs that the repository is asked for; none for a commit in full.
fn refs(revision: &str) -> Vec<String> {
    let tag = |name: &str| [name.to_owned(), format!("{name}^{{}}")];
    if commit(revision).is_some() {
        Vec::new()
    } else if revision.starts_with("refs/tags/") {
        tag(revision).to_vec()
    } else if revision.starts_with("refs/") {
        vec![revision.to_owned()]
    } else {
        let [name, peeled] = tag(&format!("refs/tags/{revision}"));
        vec![format!("refs/heads/{revision}"), name, peeled]
    }
}

/// The commit that is wanted, or its beginning; else why there is none.
fn wanted<'a>(revision: &'a str, look: &'a Look) -> Result<&'a str, String> {
    if commit(revision).is_some() {
        return Ok(revision);
    }
    let find = |wanted: &str| look.refs.iter().find(|(name, _)| name == wanted).map(|(_, hash)| hash.as_str());
    // A tag that has a message of its own leads to its commit only by way of `^{}`.
    let tag = |name: &str| find(&format!("{name}^{{}}")).or_else(|| find(name));
    if revision.starts_with("refs/") {
        return tag(revision).ok_or_else(|| format!("the repository has no `{revision}`"));
    }
    match (find(&format!("refs/heads/{revision}")), tag(&format!("refs/tags/{revision}"))) {
        (Some(branch), Some(tag)) if branch != tag => Err(format!(
            "`{revision}` is both a branch and a tag: write `refs/heads/{revision}` or `refs/tags/{revision}`"
        )),
        (Some(hash), _) | (None, Some(hash)) => Ok(hash),
        (None, None) => {
            let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            let short = (4..=63).contains(&revision.len()) && revision.chars().all(digit);
            if short { Ok(revision) } else { Err(format!("the repository has no branch and no tag `{revision}`")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_one_name() {
        for good in ["main", "v1.2.3", "feature/x-1", "refs/tags/v1", "deadbeef", "release_2026", "ü"] {
            assert!(is_revision(good), "{good}");
        }
        for bad in [
            "",
            "-x",
            "--upload-pack=x",
            "a b",
            "a..b",
            "HEAD~1",
            "v1^{}",
            "a:b",
            "*",
            "a[b",
            "a?",
            "@{-1}",
            "@",
            "a\\b",
            "/a",
            "a//b",
            "a/",
            ".a",
            "a/.b",
            "a.lock",
            "a\n",
        ] {
            assert!(!is_revision(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_password_of_somebody_else_is_not_told() {
        assert_eq!(nameless("https://anna:secret@x/y"), "https://…@x/y");
        assert_eq!(nameless("/srv/x"), "/srv/x");
    }
}
