use runsheet_model::{plural, visible};

/// How many folders are named in a message.
const NAMED: usize = 5;

/// What became of the folders of a workspace root, or would.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Workspaces {
    pub(crate) stale: Folders,
    pub(crate) removed: Folders,
    pub(crate) failed: Folders,
    /// Kept although nothing in them has changed for long: a process is in them, or something is mounted in them.
    pub(crate) used: Folders,
    /// Kept because something in them has changed.
    pub(crate) recent: usize,
    /// What the host says about those that could not be removed.
    pub(crate) complaint: String,
}

/// Folders by name, and what they take together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Folders {
    names: Vec<String>,
    kib: u64,
}

impl Workspaces {
    /// Reads what the script says; nothing if it is not all of it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut all = Self::default();
        let mut lines = text.lines();
        loop {
            let line = lines.next()?;
            if line == "end" {
                return Some(all);
            }
            let (what, rest) = line.split_once(' ')?;
            let (more, name) = rest.split_once(' ')?;
            match (what, more) {
                ("stale", kib) => all.stale.add(name, kib.parse().ok()?),
                ("removed", kib) => all.removed.add(name, kib.parse().ok()?),
                ("failed", kib) => all.failed.add(name, kib.parse().ok()?),
                ("kept", "used" | "mounted") => all.used.add(name, 0),
                ("kept", "recent") => all.recent += 1,
                _ => return None,
            }
        }
    }
}

impl Folders {
    fn add(&mut self, name: &str, kib: u64) {
        self.names.push(visible(name.as_bytes()));
        self.kib += kib;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Such as `2 folders (a, b)`.
    pub(crate) fn words(&self) -> String {
        let named = self.names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if self.names.len() > NAMED { ", …" } else { "" };
        format!("{} ({named}{more})", plural(self.names.len(), "folder"))
    }

    /// Such as `12 MiB`.
    pub(crate) fn size(&self) -> String {
        if self.kib < 1024 { format!("{} KiB", self.kib) } else { format!("{} MiB", self.kib / 1024) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_says_is_read_to_its_end() {
        let said = "removed 2048 a b\nremoved 1024 -c\nfailed 1 d\nkept used e\nkept mounted f\nkept recent g\nend\n";
        let all = Workspaces::read(said).expect("all of it");
        assert_eq!((all.removed.words().as_str(), all.removed.size().as_str()), ("2 folders (a b, -c)", "3 MiB"));
        assert_eq!(
            (all.failed.size().as_str(), all.used.words().as_str(), all.recent),
            ("1 KiB", "2 folders (e, f)", 1)
        );
        for half in ["", "removed 1 a\n", "removed x a\nend\n", "hello\nend\n", "kept why a\nend\n"] {
            assert_eq!(Workspaces::read(half), None, "{half:?}");
        }
    }
}
