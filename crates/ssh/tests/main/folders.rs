//! Folders: all that is in one comes, and nothing of it leads out of where it is put.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use runsheet_task::{Content, Download, Remote, RemoteError, Transfer, Upload};

use crate::rig::{PATIENCE, connect, limits};
use crate::sshd::Sshd;

async fn get(remote: &dyn Remote, source: &Path, target: &Path, cap: u64) -> Result<Transfer, RemoteError> {
    let source = source.to_str().expect("text").to_owned();
    let download = Download { source, target: target.to_owned(), cap, folder: true, moved: Arc::default() };
    remote.get(&download, &limits(PATIENCE)).await
}

fn reason(outcome: Result<Transfer, RemoteError>) -> String {
    match outcome {
        Err(RemoteError::Transfer { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

#[tokio::test]
async fn a_folder_comes_with_all_that_is_in_it_and_replaces_the_one_that_was_there() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = tempfile::tempdir().expect("a folder");
    let (there, here) = (folder.path().join("there"), folder.path().join("here/web1"));
    write(&there.join("app.conf"), "port = 80\n");
    write(&there.join("bin/start"), "#!/bin/sh\n");
    fs::set_permissions(there.join("bin/start"), fs::Permissions::from_mode(0o755)).expect("its owner may");
    for number in 0..150 {
        write(&there.join(format!("many/-f {number}")), &number.to_string());
    }
    fs::create_dir(there.join("empty")).expect("made");
    symlink("/etc/hostname", there.join("name")).expect("linked");
    symlink("..", there.join("up")).expect("linked");
    let time = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(there.join("app.conf")).expect("a file").set_modified(time).expect("set");
    write(&here.join("old"), "goes");

    let moved = Arc::<AtomicU64>::default();
    let source = there.to_str().expect("text").to_owned();
    let download = Download { source, target: here.clone(), cap: 1 << 20, folder: true, moved: Arc::clone(&moved) };
    let got = remote.get(&download, &limits(PATIENCE)).await.expect("fetched");

    assert_eq!(moved.load(Ordering::Relaxed), got.bytes);
    assert_eq!((got.files, got.left_out), (153, vec!["up".to_owned()]));
    assert_eq!(fs::read_to_string(here.join("app.conf")).expect("a file"), "port = 80\n");
    assert_eq!(fs::metadata(here.join("app.conf")).expect("a file").modified().expect("a time"), time);
    assert_eq!(fs::read_to_string(here.join("many/-f 149")).expect("a file"), "149");
    assert_eq!(fs::metadata(here.join("bin/start")).expect("a file").permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read(here.join("name")).expect("a file"), fs::read("/etc/hostname").expect("a file"));
    assert!(fs::symlink_metadata(here.join("name")).expect("there").is_file(), "a link was made");
    assert!(here.join("empty").is_dir());
    assert!(!here.join("old").exists() && !here.join("up").exists());
    let names = || fs::read_dir(folder.path().join("here")).expect("a folder").count();
    let cleaned = async {
        while names() > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, cleaned).await.expect("the old folder goes");
}

#[tokio::test]
async fn a_folder_that_cannot_be_taken_whole_leaves_what_was_there() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = tempfile::tempdir().expect("a folder");
    let (there, here) = (folder.path().join("there"), folder.path().join("here"));
    for name in ["a", "b/c", "b/d"] {
        write(&there.join(name), &"x".repeat(1000));
    }
    write(&here.join("old"), "stays");

    assert!(reason(get(&*remote, &there, &here, 2999).await).contains("larger than 2999 bytes"));
    assert_eq!(fs::read_to_string(here.join("old")).expect("a file"), "stays");
    assert_eq!(get(&*remote, &there, &here, 3000).await.expect("fetched").bytes, 3000);

    let file = folder.path().join("file");
    write(&file, "a file");
    assert!(reason(get(&*remote, &there, &file, 3000).await).contains("not a folder"));
    assert_eq!(fs::read_to_string(&file).expect("a file"), "a file");
    assert!(reason(get(&*remote, &folder.path().join("nobody"), &here, 9).await).contains("no such file or folder"));
}

#[tokio::test]
async fn a_file_makes_its_folders_and_keeps_its_time() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("source");
    write(&source, "new");
    let time = UNIX_EPOCH + Duration::from_secs(1_234_567_890);
    fs::File::options().write(true).open(&source).expect("a file").set_modified(time).expect("set");
    let target = folder.path().join("a/b/c d/file");
    let upload = |content, folders| Upload {
        content,
        target: target.to_str().expect("text").to_owned(),
        mode: None,
        sha256: None,
        folders,
        moved: Arc::default(),
    };

    let without = remote.put(&upload(Content::File(source.clone()), false), &limits(PATIENCE)).await;
    assert!(reason(without).contains("no such file or folder"));
    remote.put(&upload(Content::File(source), true), &limits(PATIENCE)).await.expect("sent");
    assert_eq!(fs::metadata(&target).expect("there").modified().expect("a time"), time);

    let many = (0..40).map(|number| {
        let target = folder.path().join(format!("a/x/y{}/{number}", number % 5));
        let content = Content::Bytes(Arc::from(number.to_string().as_bytes()));
        Upload { target: target.to_str().expect("text").to_owned(), ..upload(content, true) }
    });
    let limits = limits(PATIENCE);
    let sent = many.map(async |upload| remote.put(&upload, &limits).await.map(|sent| sent.bytes));
    let sent = futures::future::try_join_all(sent).await.expect("all sent");
    assert_eq!(sent[39], 2);
    for number in 0..40 {
        let path = folder.path().join(format!("a/x/y{}/{number}", number % 5));
        assert_eq!(fs::read_to_string(path).expect("a file"), number.to_string());
    }
}
