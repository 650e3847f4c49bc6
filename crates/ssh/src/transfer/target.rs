use runsheet_task::{Content, Upload};
use russh_sftp::client::RawSftpSession;
use russh_sftp::protocol::FileAttributes;

use super::failure::{Failure, is_absent};

/// The permission bits of a mode.
pub(super) const PERMISSIONS: u32 = 0o7777;

/// The file that is to be replaced or made.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) path: String,
    pub(super) exists: bool,
    /// The permissions of the file that is there.
    pub(super) mode: Option<u32>,
}

impl Target {
    /// Finds out what is there. A target that is a folder takes the file under its own name.
    pub(super) async fn find(raw: &RawSftpSession, upload: &Upload) -> Result<Self, Failure> {
        let given = on_host(&upload.target);
        if given.contains('\0') {
            return Err(Failure::untouched("its path has a zero byte"));
        }
        if given.is_empty() || given == "~" || given.ends_with('/') {
            let folder = if given == "~" { "" } else { given };
            return Self::at(raw, format!("{folder}{}", file_name(upload)?)).await;
        }
        match raw.stat(given).await {
            Ok(found) if found.attrs.is_dir() => Self::at(raw, format!("{given}/{}", file_name(upload)?)).await,
            Ok(found) => Self::of(given.to_owned(), &found.attrs),
            Err(error) if is_absent(&error) => Ok(Self::absent(given.to_owned())),
            Err(error) => Err(Failure::host("failed to look at it", &error)),
        }
    }

    async fn at(raw: &RawSftpSession, path: String) -> Result<Self, Failure> {
        match raw.stat(&path).await {
            Ok(found) => Self::of(path, &found.attrs),
            Err(error) if is_absent(&error) => Ok(Self::absent(path)),
            Err(error) => Err(Failure::host("failed to look at it", &error)),
        }
    }

    fn of(path: String, found: &FileAttributes) -> Result<Self, Failure> {
        // A device would be replaced by a file.
        if found.permissions.is_some() && !found.file_type().is_file() {
            return Err(Failure::untouched(format!("`{path}` is there and is not a file")));
        }
        Ok(Self { path, exists: true, mode: found.permissions.map(|mode| mode & PERMISSIONS) })
    }

    fn absent(path: String) -> Self {
        Self { path, exists: false, mode: None }
    }

    /// The path up to its last `/`, that one included.
    pub(super) fn folder(&self) -> &str {
        self.path.rfind('/').map_or("", |end| &self.path[..=end])
    }
}

/// A path as SFTP knows it: relative ones start at the login folder, for which `~` is the shell's word.
pub(super) fn on_host(path: &str) -> &str {
    path.strip_prefix("~/").unwrap_or(path)
}

fn file_name(upload: &Upload) -> Result<String, Failure> {
    let name = match &upload.content {
        Content::File(path) | Content::Seen(path, _) => path.file_name().and_then(|name| name.to_str()),
        Content::Bytes(_) => None,
    };
    name.map(str::to_owned).ok_or_else(|| Failure::untouched("it is a folder, and what is sent has no name of its own"))
}

/// Makes a folder (that ends with `/`, or is empty for the login folder) and those above it, as far as they are missing.
pub(super) async fn make_folders(raw: &RawSftpSession, folder: &str) -> Result<(), Failure> {
    let ends = folder.char_indices().rev().filter(|&(at, c)| c == '/' && at > 0).map(|(at, _)| at);
    let mut missing = Vec::new();
    for end in ends {
        match raw.stat(&folder[..end]).await {
            Ok(_) => break,
            Err(error) if is_absent(&error) => missing.push(&folder[..end]),
            Err(error) => return Err(Failure::host(&format!("failed to look at `{}`", &folder[..end]), &error)),
        }
    }
    for path in missing.into_iter().rev() {
        // Its mode is for the host's umask to say.
        if let Err(error) = raw.mkdir(path, FileAttributes::empty()).await {
            // Somebody else may have been faster.
            if !raw.stat(path).await.is_ok_and(|found| found.attrs.is_dir()) {
                return Err(Failure::host(&format!("failed to make the folder `{path}`"), &error));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_target_is_everything_up_to_its_last_slash() {
        for (path, folder) in [("/etc/motd", "/etc/"), ("/motd", "/"), ("motd", ""), ("a/b/c", "a/b/")] {
            assert_eq!(Target::absent(path.to_owned()).folder(), folder);
        }
    }
}
