//! Many files at once: each is there entirely or not at all, and all of them are brought to the disk, whatever the host allows. Those of a
//! new folder come as one archive where the host can unpack it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use runsheet_task::{Content, RemoteError, Upload};
use tempfile::TempDir;

use crate::rig::{PATIENCE, connect, limits, sha256};
use crate::sshd::Sshd;

const FILES: usize = 200;

fn content(number: usize) -> Vec<u8> {
    number.to_string().into_bytes().repeat(number * 10)
}

/// Files in folders that are not there yet, and a name that could be taken for an option.
fn uploads(folder: &Path, moved: &Arc<AtomicU64>) -> Vec<Upload> {
    let upload = |number: usize| Upload {
        content: Content::Bytes(Arc::from(content(number))),
        target: format!("{}/d{}/-f {number}", folder.display(), number % 7),
        mode: Some(if number.is_multiple_of(2) { 0o755 } else { 0o640 }),
        sha256: Some(sha256(&content(number))),
        folders: true,
        moved: Arc::clone(moved),
    };
    (0..FILES).map(upload).collect()
}

/// The files below a folder. One that is temporary goes soon after the answer.
async fn files(folder: &Path) -> usize {
    let mut names: Vec<String> = Vec::new();
    for _ in 0..PATIENCE.as_millis() / 10 {
        names = fs::read_dir(folder)
            .expect("a folder")
            .flat_map(|within| fs::read_dir(within.expect("an entry").path()).expect("a folder"))
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        if !names.iter().any(|name| name.starts_with(".runsheet-")) {
            return names.len();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{names:?}");
}

#[tokio::test]
async fn many_files_arrive_whatever_else_the_host_allows() {
    for (config, commands) in [("", Some(1)), ("MaxSessions 1", Some(0)), ("ForceCommand internal-sftp", None)] {
        let sshd = Sshd::start(config);
        let remote = connect(&sshd).await.remote;
        let folder = tempfile::tempdir().expect("a folder");
        let moved = Arc::<AtomicU64>::default();

        let bytes = remote.put_all(&uploads(folder.path(), &moved), &limits(PATIENCE)).await.expect(config);

        assert_eq!(bytes, (0..FILES).map(|number| content(number).len() as u64).sum::<u64>());
        assert_eq!(moved.load(Ordering::Relaxed), bytes);
        assert_eq!(files(folder.path()).await, FILES, "{config}");
        assert!(tree(folder.path()) == expected(), "{config}");
        // One command brings all of them to the disk. Where there is no room for it, or another one runs, that is done one by one.
        if let Some(commands) = commands {
            let log = sshd.log();
            assert_eq!(log.matches("Starting session: command").count(), commands, "{config}: {log}");
        }
    }
}

#[tokio::test]
async fn where_one_of_them_is_not_what_it_was_to_be_none_of_its_batch_gets_its_name() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = tempfile::tempdir().expect("a folder");
    let mut uploads = uploads(folder.path(), &Arc::default());
    uploads[FILES / 2].sha256 = Some(sha256(b"planned"));

    let sent = remote.put_all(&uploads, &limits(PATIENCE)).await;

    let Err(RemoteError::Transfer { path, reason }) = sent else { panic!("{sent:?}") };
    assert_eq!(path, uploads[FILES / 2].target);
    assert!(reason.contains("changed since the plan"), "{reason}");
    assert_eq!(files(folder.path()).await, 0);
}

/// What is below a folder: names, modes and contents.
fn tree(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in walk(folder) {
        let name = entry.strip_prefix(folder).expect("below it").to_string_lossy().into_owned();
        let mode = fs::metadata(&entry).expect("there").permissions().mode() & 0o7777;
        found.push((name, mode, fs::read(&entry).expect("a file")));
    }
    found.sort();
    found
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn expected() -> Vec<(String, u32, Vec<u8>)> {
    let file = |number: usize| {
        let mode = if number.is_multiple_of(2) { 0o755 } else { 0o640 };
        (format!("d{}/-f {number}", number % 7), mode, content(number))
    };
    let mut files: Vec<_> = (0..FILES).map(file).collect();
    files.sort();
    files
}

/// Waits until nothing temporary is in a folder, and returns the names that are.
async fn settled(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for _ in 0..PATIENCE.as_millis() / 10 {
        let entries = fs::read_dir(folder).expect("a folder");
        names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        if !names.iter().any(|name| name.starts_with(".runsheet-")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    names
}

/// A folder of programs for the host's PATH: what it has, less `tar`, and other programs in their place.
fn programs(instead: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for program in ["sh", "mkdir", "rm", "chmod", "sync", "xargs", "sleep"] {
        let there = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(program));
        let there = there.iter().find(|path| path.exists()).expect("it is installed");
        std::os::unix::fs::symlink(there, folder.path().join(program)).expect("linked");
    }
    for (name, text) in instead {
        let path = folder.path().join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its owner may");
    }
    folder
}

#[tokio::test]
async fn a_new_folder_comes_as_one_archive_or_file_by_file_and_is_the_same() {
    let busybox = |name| (name, "#!/bin/sh\nexec /usr/bin/busybox ${0##*/} \"$@\"\n");
    let busybox = programs(&["tar", "mkdir", "rm", "chmod", "sync"].map(busybox));
    let (no_tar, bad_tar) = (programs(&[]), programs(&[("tar", "#!/bin/sh\nexit 0\n")]));
    let path = |programs: &TempDir| format!("SetEnv PATH={}", programs.path().display());
    let hosts = [
        // One command, and SFTP for the name.
        (String::new(), Some(1)),
        (path(&busybox), Some(1)),
        // The archive, and then what brings the files to the disk.
        (path(&no_tar), Some(2)),
        (path(&bad_tar), Some(2)),
        ("MaxSessions 1".to_owned(), Some(0)),
        ("ForceCommand internal-sftp".to_owned(), None),
    ];
    for (config, commands) in hosts {
        let sshd = Sshd::start(&config);
        let remote = connect(&sshd).await.remote;
        let folder = tempfile::tempdir().expect("a folder");
        let moved = Arc::<AtomicU64>::default();
        let target = folder.path().join("a/new one");

        let bytes = remote.put_all(&uploads(&target, &moved), &limits(PATIENCE)).await.expect(&config);

        assert_eq!(bytes, (0..FILES).map(|number| content(number).len() as u64).sum::<u64>(), "{config}");
        assert_eq!(moved.load(Ordering::Relaxed), bytes, "{config}");
        assert!(tree(&target) == expected(), "{config}");
        let mode = fs::metadata(&target).expect("there").permissions().mode() & 0o7777;
        assert_eq!(mode, fs::metadata(target.join("d1")).expect("there").permissions().mode() & 0o7777, "{config}");
        assert_eq!(settled(target.parent().expect("a folder")).await, ["new one"], "{config}");
        if let Some(commands) = commands {
            let log = sshd.log();
            assert_eq!(log.matches("Starting session: command").count(), commands, "{config}: {log}");
        }
    }
}

#[tokio::test]
async fn files_of_this_machine_keep_their_times_and_long_names_in_a_new_folder() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let time = std::time::UNIX_EPOCH + Duration::from_secs(1_234_567_890);
    let long = "n".repeat(120);
    let upload = |number: usize| {
        let source = here.path().join(number.to_string());
        fs::write(&source, content(number)).expect("written");
        fs::File::options().write(true).open(&source).expect("a file").set_modified(time).expect("set");
        Upload {
            content: Content::File(source),
            target: format!("{}/new/{long}/{long}/{number}", there.path().display()),
            mode: Some(0o600),
            sha256: Some(sha256(&content(number))),
            folders: true,
            moved: Arc::default(),
        }
    };
    let uploads: Vec<Upload> = (0..FILES).map(upload).collect();

    remote.put_all(&uploads, &limits(PATIENCE)).await.expect("sent");

    for (number, upload) in uploads.iter().enumerate() {
        assert_eq!(fs::read(&upload.target).expect("a file"), content(number));
        assert_eq!(fs::metadata(&upload.target).expect("a file").modified().expect("a time"), time);
    }
    assert_eq!(sshd.log().matches("Starting session: command").count(), 1);
}

#[tokio::test]
async fn a_file_that_is_called_like_the_last_one_of_an_archive_is_one_like_others() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("new");
    let mut uploads = uploads(&target, &Arc::default());
    uploads[FILES - 1].target = format!("{}/.runsheet-last", target.display());

    remote.put_all(&uploads, &limits(PATIENCE)).await.expect("sent");

    assert_eq!(walk(&target).len(), FILES);
    assert_eq!(fs::read(target.join(".runsheet-last")).expect("a file"), content(FILES - 1));
}

#[tokio::test]
async fn a_new_folder_in_which_one_file_is_not_what_it_was_to_be_is_not_there() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = tempfile::tempdir().expect("a folder");
    let mut uploads = uploads(&folder.path().join("new"), &Arc::default());
    uploads[FILES / 2].sha256 = Some(sha256(b"planned"));

    let sent = remote.put_all(&uploads, &limits(PATIENCE)).await;

    let Err(RemoteError::Transfer { path, reason }) = sent else { panic!("{sent:?}") };
    assert_eq!(path, uploads[FILES / 2].target);
    assert!(reason.contains("changed since the plan"), "{reason}");
    assert!(settled(folder.path()).await.is_empty());
}

#[tokio::test]
async fn a_new_folder_that_is_stopped_half_way_leaves_nothing() {
    // It takes its time, and then does not do it.
    let slow = programs(&[("tar", "#!/bin/sh\nsleep 2; exit 1\n")]);
    let sshd = Sshd::start(&format!("SetEnv PATH={}", slow.path().display()));
    let remote = connect(&sshd).await.remote;
    let folder = tempfile::tempdir().expect("a folder");
    let limits = limits(PATIENCE);
    let cancel = limits.cancel.clone();
    let uploads = uploads(&folder.path().join("new"), &Arc::default());

    let unpacking = async {
        while fs::read_dir(folder.path()).expect("a folder").count() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        cancel.cancel();
    };
    let (sent, ()) = tokio::join!(remote.put_all(&uploads, &limits), unpacking);

    assert!(matches!(sent, Err(RemoteError::Stopped)), "{sent:?}");
    assert!(settled(folder.path()).await.is_empty());
}

#[tokio::test]
async fn where_commands_see_other_folders_than_sftp_a_new_folder_comes_file_by_file() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let sshd = Sshd::start(&format!("Subsystem sftp internal-sftp -d {}", elsewhere.path().display()));
    let remote = connect(&sshd).await.remote;
    let name = format!("runsheet-test-{}", std::process::id());
    let uploads = uploads(Path::new(&name), &Arc::default());

    remote.put_all(&uploads, &limits(PATIENCE)).await.expect("sent");

    assert!(tree(&elsewhere.path().join(&name)) == expected());
    // Evidence that nothing stays where commands start.
    let home = std::env::home_dir().expect("a login folder");
    assert!(!home.join(&name).exists());
    assert!(settled(&home).await.iter().all(|name| !name.starts_with(".runsheet-")));
}
