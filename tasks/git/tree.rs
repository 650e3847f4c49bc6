use runsheet_model::shortened;
use runsheet_task::{CommandResult, Host, TaskError};

use super::remote::Remote;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("git", &[include_str!("tree.sh")]);

/// A work tree on a host.
pub(crate) struct WorkTree<'a> {
    pub(crate) host: &'a Host,
    pub(crate) path: &'a str,
    pub(crate) remote: Remote<'a>,
}

/// What stands in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// Nothing, or an empty folder.
    Free,
    /// Something that is no work tree.
    Other,
    /// A work tree.
    Repository(Head),
}

/// How a work tree is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its commit, if it has one.
    pub(crate) commit: Option<String>,
    pub(crate) on_branch: bool,
    /// How many files that git knows are not as they are in the commit.
    pub(crate) dirty: usize,
    /// The repository that it was cloned from.
    pub(crate) origin: String,
}

/// The folder, and the refs of the repository that were asked for, with the commits to which they lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) tree: Tree,
    pub(crate) refs: Vec<(String, String)>,
}

impl WorkTree<'_> {
    /// Looks at the folder, and asks the repository for refs if there are any to ask for.
    pub(crate) async fn look(&self, refs: &[String]) -> Result<Look, TaskError> {
        let words = ["look", self.path, self.remote.url, &self.remote.allowed];
        let said = self.host.run(SCRIPT.with(words.into_iter().chain(refs.iter().map(String::as_str)))).await?;
        if said.code() == 3 {
            let complaint = shortened(&said.complaint(), 400);
            return Err(TaskError::failed(format!("cannot ask `{}`: {complaint}", self.remote.url)));
        }
        let look = if said.ok() { Look::read(&said.stdout) } else { None };
        look.ok_or_else(|| {
            TaskError::failed(format!("cannot tell how `{}` is: {}", self.path, shortened(&said.complaint(), 400)))
        })
    }

    /// Checks out a commit, of which the beginning is enough.
    pub(crate) async fn check_out(&self, commit: &str, force: bool) -> Result<CommandResult, TaskError> {
        let force = if force { "force" } else { "" };
        let words = ["checkout", self.path, self.remote.url, &self.remote.allowed, commit, force];
        self.host.run(SCRIPT.with(words)).await
    }
}

/// Reads the name of a commit in full: SHA-1 or SHA-256.
pub(crate) fn commit(word: &str) -> Option<&str> {
    let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (matches!(word.len(), 40 | 64) && word.chars().all(digit)).then_some(word)
}

impl Look {
    /// Reads what the host says.
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().peekable();
        let tree = match lines.next()? {
            "tree none" | "tree empty" => Tree::Free,
            "tree other" => Tree::Other,
            "tree repository" => {
                let head = lines.next()?.strip_prefix("head ")?;
                let commit = if head == "-" { None } else { Some(commit(head)?.to_owned()) };
                let on_branch = lines.next_if_eq(&"on a branch").is_some();
                let dirty = lines.next()?.strip_prefix("dirty ")?.parse().ok()?;
                let origin = lines.next()?.strip_prefix("origin ")?.to_owned();
                Tree::Repository(Head { commit, on_branch, dirty, origin })
            }
            _ => return None,
        };
        let refs = lines.map(|line| {
            let (hash, name) = line.strip_prefix("ref ")?.split_once(' ')?;
            Some((name.to_owned(), commit(hash)?.to_owned()))
        });
        Some(Self { tree, refs: refs.collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "9b0f1b10aff55228716a1fbbc59bda8fe735ed14";

    #[test]
    fn what_a_host_says_is_read_or_refused() {
        let text = format!(
            "tree repository\nhead {COMMIT}\non a branch\ndirty 2\norigin ssh://x/a b.git\nref {COMMIT} refs/tags/v1\n"
        );
        let head =
            Head { commit: Some(COMMIT.to_owned()), on_branch: true, dirty: 2, origin: "ssh://x/a b.git".to_owned() };
        let refs = vec![("refs/tags/v1".to_owned(), COMMIT.to_owned())];
        assert_eq!(Look::read(&text), Some(Look { tree: Tree::Repository(head), refs }));
        assert_eq!(Look::read("tree none\n"), Some(Look { tree: Tree::Free, refs: Vec::new() }));
        for text in [
            "",
            "tree",
            "tree repository\nhead abc\ndirty 0\norigin x",
            "tree repository\nhead -\ndirty ?\norigin x",
            "tree repository\nhead -\ndirty 0",
            "tree none\nref abc refs/heads/x",
            "tree none\nmore",
        ] {
            assert_eq!(Look::read(text), None, "{text:?}");
        }
    }
}
