use std::collections::HashSet;
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt, stream};
use runsheet_task::{Download, Transfer};
use russh_sftp::client::RawSftpSession;
use russh_sftp::protocol::FileType;

use super::failure::{Failure, is_end};
use super::get::{Allowance, fetch_new};
use super::local_folder::LocalFolder;
use crate::server_text::server_text;

/// The most files and folders that are taken, so that a host cannot fill this machine's memory or inodes.
const MOST_ENTRIES: usize = 20_000;

/// The most folders within each other.
const DEEPEST: usize = 64;

/// The longest name that is taken, in bytes: what file systems take.
const LONGEST_NAME: usize = 255;

/// How many of the things that were left out are named.
const MOST_LEFT_OUT: usize = 100;

/// Files under way at once. Each has up to sixteen requests of its own.
const AT_ONCE: usize = 4;

/// Fetches a folder into a new one beside its target, and puts that in the place of the target when all is there.
pub(super) async fn fetch_folder(raw: &RawSftpSession, source: &str, download: &Download) -> Result<Transfer, Failure> {
    let what = format!("failed to write `{}`", download.target.display());
    let local = |error| Failure::local(&what, &error);
    let found = Walk::of(raw, source).await?;
    let folder = LocalFolder::beside(&download.target).await.map_err(local)?;
    for name in &found.folders {
        folder.make(name).await.map_err(local)?;
    }
    let left = Allowance::new(download);
    let (left, within) = (&left, folder.path());
    let mut fetching = stream::iter(found.files)
        .map(|(name, path)| async move {
            let fetched = fetch_new(raw, &path, &within.join(&name), left).await;
            fetched.map_err(|failure| failure.within(&name.to_string_lossy()))
        })
        .buffer_unordered(AT_ONCE);
    let (mut bytes, mut files) = (0, 0);
    while let Some(size) = fetching.try_next().await? {
        bytes += size;
        files += 1;
    }
    drop(fetching);
    folder.replace(&download.target).await.map_err(local)?;
    Ok(Transfer { bytes, files, left_out: found.left_out })
}

/// What is in a folder of the host, by paths that lead nowhere but into it.
#[derive(Default)]
struct Walk {
    /// Folders, each after the one that it is in.
    folders: Vec<PathBuf>,
    /// Files: name in the folder, and path on the host.
    files: Vec<(PathBuf, String)>,
    left_out: Vec<String>,
    /// All names so far.
    names: HashSet<PathBuf>,
}

impl Walk {
    async fn of(raw: &RawSftpSession, source: &str) -> Result<Self, Failure> {
        let mut walk = Self::default();
        let mut waiting = vec![(PathBuf::new(), source.trim_end_matches('/').to_owned(), 0)];
        while let Some((folder, path, depth)) = waiting.pop() {
            if depth > DEEPEST {
                return Err(Failure::untouched(format!("its folders are more than {DEEPEST} deep")));
            }
            let listing = if path.is_empty() { "/" } else { &path };
            for (name, kind) in list(raw, listing, walk.names.len()).await.map_err(|failure| failure.within(listing))? {
                let (local, remote) = (folder.join(&name), format!("{path}/{name}"));
                if !walk.names.insert(local.clone()) {
                    let name = server_text(&local.to_string_lossy());
                    return Err(Failure::untouched(format!("the host names `{name}` twice")));
                }
                match kind {
                    // It stood for bytes that are no text; by this name it cannot be asked for.
                    _ if name.contains(char::REPLACEMENT_CHARACTER) => walk.leave_out(&local),
                    FileType::Dir => {
                        waiting.push((local.clone(), remote, depth + 1));
                        walk.folders.push(local);
                    }
                    FileType::File => walk.files.push((local, remote)),
                    FileType::Symlink if leads_to_a_file(raw, &remote).await => walk.files.push((local, remote)),
                    FileType::Symlink | FileType::Other => walk.leave_out(&local),
                }
            }
        }
        Ok(walk)
    }

    fn leave_out(&mut self, name: &Path) {
        if self.left_out.len() < MOST_LEFT_OUT {
            self.left_out.push(server_text(&name.to_string_lossy()));
        }
    }
}

async fn leads_to_a_file(raw: &RawSftpSession, path: &str) -> bool {
    raw.stat(path).await.is_ok_and(|found| found.attrs.file_type().is_file())
}

/// Lists one folder. A name that could lead out of it is no name.
async fn list(raw: &RawSftpSession, path: &str, so_far: usize) -> Result<Vec<(String, FileType)>, Failure> {
    let opened = raw.opendir(path).await;
    let handle = opened.map_err(|error| Failure::host("failed to open the folder", &error))?.handle;
    let mut found = Vec::new();
    let outcome = loop {
        match raw.readdir(&handle).await {
            Ok(page) if page.files.is_empty() => break Err(Failure::untouched("the host lists nothing and no end")),
            Ok(page) => {
                for file in page.files {
                    if file.filename != "." && file.filename != ".." {
                        found.push((file.filename, file.attrs.file_type()));
                    }
                }
            }
            Err(error) if is_end(&error) => break Ok(()),
            Err(error) => break Err(Failure::host("failed to list the folder", &error)),
        }
        if so_far + found.len() > MOST_ENTRIES {
            break Err(Failure::untouched(format!("there are more than {MOST_ENTRIES} files and folders in it")));
        }
    };
    // It fails when the connection is down, and then nobody has to.
    let _ = raw.close(handle).await;
    outcome?;
    if let Some((name, _)) = found.iter().find(|(name, _)| !leads_nowhere_else(name)) {
        return Err(Failure::untouched(format!("the host says that `{}` is in it", server_text(name))));
    }
    Ok(found)
}

/// Whether a name is the name of something in a folder, and nothing else.
fn leads_nowhere_else(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(['/', '\0']) && name != "." && name != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        for name in ["", "/", "../x", "/etc/passwd", "a/b", "a\0b", &"x".repeat(256)] {
            assert!(!leads_nowhere_else(name), "{name}");
        }
        for name in ["a", ".a", "..a", "a b", "-rf", "\n"] {
            assert!(leads_nowhere_else(name), "{name}");
        }
    }
}
