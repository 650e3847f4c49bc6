use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::iter;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use runsheet_model::{hex, visible};
use runsheet_task::{LocalFile, LocalFiles, LocalFolder, SeenFile};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// The most files of a folder that is sent: each is a line of the plan, and a question to every host.
const MOST_FILES: usize = 20_000;

/// How much is read at once, in bytes.
const BLOCK: usize = 256 * 1024;

/// Files of a folder are hashed by so many threads at most: disks and caches are shared.
const MOST_THREADS: usize = 8;

/// Fewer files are not worth a thread.
const FEWEST_FILES: usize = 256;

/// The largest file that is read as text, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

/// Files of a project, hashed while planning; each once, however many hosts get it.
#[derive(Debug)]
pub struct ProjectFiles {
    root: PathBuf,
    /// From how many bytes on a file is only seen.
    seen_from: u64,
    files: Mutex<HashMap<String, LocalFile>>,
    folders: Mutex<HashMap<String, LocalFolder>>,
}

impl ProjectFiles {
    /// Files of the project in this folder.
    pub fn new(root: PathBuf) -> Self {
        Self { root, seen_from: u64::MAX, files: Mutex::default(), folders: Mutex::default() }
    }

    /// Does not read files of this size, in bytes, and more: they are sent as they are seen. For tasks that take such.
    pub fn seen_from(mut self, bytes: u64) -> Self {
        self.seen_from = bytes;
        self
    }
}

impl LocalFiles for ProjectFiles {
    fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn look_up(&self, path: &str) -> io::Result<LocalFile> {
        once(&self.files, path, || hashed(self.root.join(path)))
    }

    fn see(&self, path: &str) -> io::Result<Option<SeenFile>> {
        let path = self.root.join(path);
        let found = path.metadata()?;
        Ok((found.is_file() && found.len() >= self.seen_from).then(|| SeenFile::new(path, &found)))
    }

    fn read_text(&self, path: &str) -> io::Result<String> {
        let path = self.root.join(path);
        if !path.metadata()?.is_file() {
            return Err(wrong("it is not a file"));
        }
        let mut text = String::new();
        File::open(path)?.take(LONGEST_TEXT + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LONGEST_TEXT { Err(wrong("it is larger than 1 MiB")) } else { Ok(text) }
    }

    fn look_up_folder(&self, path: &str) -> io::Result<LocalFolder> {
        once(&self.folders, path, || listed(self.root.join(path)))
    }
}

fn once<T: Clone>(
    known: &Mutex<HashMap<String, T>>,
    path: &str,
    find: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(path) {
        return Ok(found.clone());
    }
    let found = find()?;
    known.insert(path.to_owned(), found.clone());
    Ok(found)
}

/// Reads a file to its end, which is where it was when it was opened: one that grows faster than it is read would never end.
pub(crate) fn hashed(path: PathBuf) -> io::Result<LocalFile> {
    hashed_through(path, &mut Vec::new())
}

/// The same, with a block of memory that several files share: making one takes longer than reading a small file.
fn hashed_through(path: PathBuf, block: &mut Vec<u8>) -> io::Result<LocalFile> {
    // Opening a pipe would wait for somebody to write.
    let found = path.metadata()?;
    if !found.is_file() {
        return Err(wrong("it is not a file"));
    }
    let mut reader = File::open(&path)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    block.resize(BLOCK, 0);
    loop {
        let count = reader.read(block)?;
        if count == 0 {
            break;
        }
        hash.update(&block[..count]);
        bytes += count as u64;
        // Files of /proc say that they are empty.
        if bytes > found.len() && found.len() > 0 {
            return Err(wrong("it grows while it is read"));
        }
    }
    let executable = found.permissions().mode() & 0o100 != 0;
    Ok(LocalFile { path, sha256: hex(&hash.finalize()), bytes, executable })
}

fn listed(path: PathBuf) -> io::Result<LocalFolder> {
    if !path.metadata()?.is_dir() {
        return Err(wrong("it is not a folder"));
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(&path).min_depth(1) {
        let entry = entry?;
        if entry.file_type().is_dir() {
            continue;
        }
        if files.len() == MOST_FILES {
            return Err(wrong(&format!("it has more than {MOST_FILES} files")));
        }
        files.push((name(&path, entry.path())?, entry.into_path()));
    }
    if files.is_empty() {
        return Err(wrong("there is no file in it"));
    }
    // As bytes, which is how names are sorted wherever they are keys.
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(LocalFolder { path, files: all_hashed(files)? })
}

/// Hashes files, some at the same time.
fn all_hashed(files: Vec<(String, PathBuf)>) -> io::Result<Vec<(String, LocalFile)>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    // Neighbours are of about the same size, often enough.
    let share = files.len().div_ceil(threads).max(FEWEST_FILES);
    let mut files = files.into_iter();
    let parts = iter::from_fn(|| Some(files.by_ref().take(share).collect::<Vec<_>>()).filter(|part| !part.is_empty()));
    thread::scope(|scope| {
        let hash = |part: Vec<(String, PathBuf)>| {
            let mut block = Vec::new();
            let hash = |(name, path)| match hashed_through(path, &mut block) {
                Ok(file) => Ok((name, file)),
                Err(error) => Err(wrong(&format!("`{name}`: {error}"))),
            };
            part.into_iter().map(hash).collect::<io::Result<Vec<_>>>()
        };
        let hashing: Vec<_> = parts.map(|part| scope.spawn(move || hash(part))).collect();
        let mut hashed = Vec::new();
        for part in hashing {
            hashed.append(&mut part.join().map_err(|_| io::Error::other("a thread that hashes is gone"))??);
        }
        Ok(hashed)
    })
}

/// The name of a file in a folder. Hosts are asked about names line by line.
fn name(folder: &Path, file: &Path) -> io::Result<String> {
    let name = file.strip_prefix(folder).unwrap_or(file);
    if let Some(name) = name.to_str().filter(|name| !name.contains(char::is_control)) {
        return Ok(name.to_owned());
    }
    let name = visible(name.as_os_str().as_encoded_bytes()).replace('\n', "\\n");
    Err(wrong(&format!("the name `{name}` is not UTF-8 or has control characters")))
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_is_its_files_by_name() {
        let project = tempfile::tempdir().expect("a folder");
        let site = project.path().join("site");
        fs::create_dir_all(site.join("a/b")).expect("made");
        fs::write(site.join("a/b/page"), "hello").expect("written");
        fs::write(site.join("a.sh"), "").expect("written");
        fs::set_permissions(site.join("a.sh"), fs::Permissions::from_mode(0o700)).expect("its owner may");
        symlink("a/b/page", site.join("link")).expect("linked");
        let files = ProjectFiles::new(project.path().to_owned());

        let folder = files.look_up_folder("site").expect("a folder");
        let found: Vec<_> =
            folder.files.iter().map(|(name, file)| (name.as_str(), file.bytes, file.executable)).collect();
        assert_eq!(found, [("a.sh", 0, true), ("a/b/page", 5, false), ("link", 5, false)]);
        assert_eq!(folder.files[1].1.sha256, folder.files[2].1.sha256);
        assert!(files.look_up("site").is_err() && files.look_up_folder("site/a.sh").is_err());
    }

    #[test]
    fn what_cannot_be_sent_as_files_is_refused() {
        let project = tempfile::tempdir().expect("a folder");
        let site = project.path().join("site");
        let refused = || {
            let files = ProjectFiles::new(project.path().to_owned());
            files.look_up_folder("site").expect_err("refused").to_string()
        };
        fs::create_dir(&site).expect("made");
        assert_eq!(refused(), "there is no file in it");
        symlink(".", site.join("self")).expect("linked");
        assert_eq!(refused(), "`self`: it is not a file");
        fs::remove_file(site.join("self")).expect("removed");
        fs::write(site.join("a\nb"), "").expect("written");
        assert_eq!(refused(), "the name `a\\nb` is not UTF-8 or has control characters");
    }
}
