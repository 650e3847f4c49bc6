//! A file is replaced entirely or not at all.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use runsheet_task::{Content, Download, Remote, RemoteError, Sighting, Transfer, Upload};
use tempfile::TempDir;

use crate::rig::{PATIENCE, connect, limits, sha256};
use crate::sshd::Sshd;

fn pattern(size: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(size).collect()
}

fn upload(content: &[u8], target: &Path) -> Upload {
    Upload {
        content: Content::Bytes(Arc::from(content)),
        target: target.to_str().expect("text").to_owned(),
        mode: None,
        sha256: Some(sha256(content)),
        folders: false,
        moved: Arc::default(),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

/// All names in a folder. A transfer leaves none of its own.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Waits until nothing temporary is left in a folder: it is removed after the answer.
async fn cleaned(folder: &Path) -> Vec<String> {
    let cleaning = async {
        while names(folder).iter().any(|name| name.starts_with(".runsheet-")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, cleaning).await.expect("it is removed");
    names(folder)
}

async fn get(remote: &dyn Remote, source: &Path, target: PathBuf, cap: u64) -> Result<Transfer, RemoteError> {
    let download = Download {
        source: source.to_str().expect("text").to_owned(),
        target,
        cap,
        folder: false,
        moved: Arc::default(),
    };
    remote.get(&download, &limits(PATIENCE)).await
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[tokio::test]
async fn files_of_every_size_arrive_byte_by_byte_in_both_directions() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    for size in [0, 1, 32 * 1024, 32 * 1024 + 1, 1024 * 1024, 20 * 1024 * 1024] {
        let folder = folder();
        let (there, back) = (folder.path().join("there"), folder.path().join("back"));
        let content = pattern(size);
        let expected = Transfer::of_file(size as u64);

        let put = remote.put(&upload(&content, &there), &limits(PATIENCE)).await;
        let got = get(&*remote, &there, back.clone(), size as u64).await;

        assert_eq!(put.expect("sent"), expected);
        assert_eq!(got.expect("fetched"), expected);
        assert!(fs::read(&there).expect("there") == content && fs::read(&back).expect("back") == content, "{size}");
        assert_eq!(mode(&back), 0o600);
        assert_eq!(names(folder.path()), ["back", "there"]);
    }
}

#[tokio::test]
async fn a_file_keeps_the_mode_of_the_one_it_replaces_unless_told_otherwise() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    let target = folder.path().join("motd");

    remote.put(&upload(b"1", &target), &limits(PATIENCE)).await.expect("sent");
    assert_eq!(mode(&target), 0o644, "a new one, with the umask of this machine");

    fs::set_permissions(&target, fs::Permissions::from_mode(0o751)).expect("its owner may");
    remote.put(&upload(b"2", &target), &limits(PATIENCE)).await.expect("sent");
    assert_eq!(mode(&target), 0o751);

    let mut told = upload(b"3", &target);
    told.mode = Some(0o4750);
    remote.put(&told, &limits(PATIENCE)).await.expect("sent");
    assert_eq!(mode(&target), 0o4750);
}

#[tokio::test]
async fn content_that_changed_since_the_plan_replaces_nothing() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    let target = folder.path().join("motd");
    fs::write(&target, "old").expect("written");
    let mut changed = upload(b"new", &target);
    changed.sha256 = Some(sha256(b"planned"));

    let put = remote.put(&changed, &limits(PATIENCE)).await;

    let Err(RemoteError::Transfer { reason, .. }) = put else {
        panic!("{put:?}");
    };
    assert!(reason.contains("changed since the plan"), "{reason}");
    assert_eq!(fs::read(&target).expect("there"), b"old");
    assert_eq!(cleaned(folder.path()).await, ["motd"]);
}

#[tokio::test]
async fn a_file_is_sent_as_it_was_seen_or_not_at_all() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let (here, there) = (folder(), folder());
    let (source, target) = (here.path().join("source"), there.path().join("target"));
    let content = pattern(3 * 1024 * 1024 + 1);
    fs::write(&source, &content).expect("written");
    let seen = Sighting::of(&fs::metadata(&source).expect("there"));
    let upload = Upload { content: Content::Seen(source.clone(), seen), sha256: None, ..upload(b"", &target) };

    let sent = remote.put(&upload, &limits(PATIENCE)).await.expect("sent");
    assert_eq!(sent, Transfer::of_file(content.len() as u64));
    assert!(fs::read(&target).expect("there") == content);

    // The same bytes once more are another version: who wrote them may have written others.
    fs::write(&source, &content).expect("written");
    let changed = remote.put(&upload, &limits(PATIENCE)).await;
    let Err(RemoteError::Transfer { reason, .. }) = changed else { panic!("{changed:?}") };
    assert!(reason.contains("changed since the plan"), "{reason}");

    // While it is sent.
    let size = 256 << 20;
    fs::File::create(&source).and_then(|file| file.set_len(size)).expect("a file with a hole");
    let seen = Sighting::of(&fs::metadata(&source).expect("there"));
    let upload = Upload { content: Content::Seen(source.clone(), seen), ..upload };
    let changing = async {
        while upload.moved.load(Ordering::Relaxed) < size / 8 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut file = fs::OpenOptions::new().append(true).open(&source).expect("writable");
        file.write_all(b"more").expect("written");
    };
    let limits = limits(PATIENCE);
    let (changed, ()) = tokio::join!(remote.put(&upload, &limits), changing);
    let Err(RemoteError::Transfer { reason, .. }) = changed else { panic!("{changed:?}") };
    assert!(reason.contains("changed since the plan"), "{reason}");
    assert!(fs::read(&target).expect("there") == content);
    assert_eq!(cleaned(there.path()).await, ["target"]);
}

#[tokio::test]
async fn a_large_file_is_brought_to_the_disk_while_more_of_it_is_sent() {
    let sshd = Sshd::start("LogLevel DEBUG1");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    for (size, sessions) in [(1 << 20, 1), (80 << 20, 2)] {
        let before = sshd.log().matches("subsystem: internal-sftp").count();
        let target = folder.path().join("large");
        let content = pattern(size);
        remote.put(&upload(&content, &target), &limits(PATIENCE)).await.expect("sent");
        assert!(fs::read(&target).expect("there") == content);
        // A second session, for that alone.
        assert_eq!(sshd.log().matches("subsystem: internal-sftp").count() - before, sessions, "{}", sshd.log());
    }
    assert_eq!(cleaned(folder.path()).await, ["large"]);
}

#[tokio::test]
async fn a_folder_takes_a_file_under_its_own_name() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let (here, there) = (folder(), folder());
    let source = here.path().join("app.conf");
    fs::write(&source, "x").expect("written");
    for target in [there.path().to_owned(), there.path().join("")] {
        let put = Upload {
            content: Content::File(source.clone()),
            target: target.to_str().expect("text").to_owned(),
            mode: None,
            sha256: None,
            folders: false,
            moved: Arc::default(),
        };
        remote.put(&put, &limits(PATIENCE)).await.expect("sent");
        assert_eq!(fs::read(there.path().join("app.conf")).expect("there"), b"x");
    }
    let nameless = remote.put(&upload(b"x", there.path()), &limits(PATIENCE)).await;
    assert!(matches!(nameless, Err(RemoteError::Transfer { .. })), "{nameless:?}");
}

#[tokio::test]
async fn a_target_that_cannot_be_written_is_said_so_and_nothing_else_happens() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();

    let missing = remote.put(&upload(b"x", &folder.path().join("none/motd")), &limits(PATIENCE)).await;
    let device = remote.put(&upload(b"x", Path::new("/dev/null")), &limits(PATIENCE)).await;

    let Err(RemoteError::Transfer { reason, .. }) = missing else {
        panic!("{missing:?}");
    };
    assert!(reason.contains("no such file or folder"), "{reason}");
    assert!(matches!(device, Err(RemoteError::Transfer { .. })), "{device:?}");
    assert!(!Path::new("/dev/null").is_file());
}

#[tokio::test]
async fn a_link_at_the_target_is_replaced_and_what_it_points_to_is_not_written_to() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    let (target, precious) = (folder.path().join("motd"), folder.path().join("precious"));
    fs::write(&precious, "precious").expect("written");
    std::os::unix::fs::symlink(&precious, &target).expect("linked");

    remote.put(&upload(b"new", &target), &limits(PATIENCE)).await.expect("sent");

    assert_eq!(fs::read(&precious).expect("there"), b"precious");
    assert_eq!(fs::read(&target).expect("there"), b"new");
}

#[tokio::test]
async fn a_file_larger_than_the_cap_is_not_taken() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    let (source, target) = (folder.path().join("big"), folder.path().join("mine"));
    fs::write(&source, pattern(100_000)).expect("written");
    fs::write(&target, "old").expect("written");

    let got = get(&*remote, &source, target.clone(), 99_999).await;

    assert!(matches!(got, Err(RemoteError::Transfer { .. })), "{got:?}");
    assert_eq!(fs::read(&target).expect("there"), b"old");
    assert_eq!(cleaned(folder.path()).await, ["big", "mine"]);
}

#[tokio::test]
async fn what_is_not_a_file_is_not_fetched() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    for source in ["/dev/zero", "/etc", "/does/not/exist"] {
        let got = get(&*remote, Path::new(source), folder.path().join("x"), 1_000_000).await;
        assert!(matches!(got, Err(RemoteError::Transfer { .. })), "{source}: {got:?}");
    }
    assert_eq!(cleaned(folder.path()).await, [""; 0]);
}

#[tokio::test]
async fn a_transfer_that_is_stopped_leaves_the_target_as_it_was() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    let target = folder.path().join("motd");
    fs::write(&target, "old").expect("written");
    let content = pattern(64 * 1024 * 1024);
    let limits = limits(PATIENCE);
    let put = upload(&content, &target);

    let (put, ()) = tokio::join!(remote.put(&put, &limits), async {
        // Once something of it is on the host.
        while names(folder.path()).len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        limits.cancel.cancel();
    });

    assert!(matches!(put, Err(RemoteError::Stopped)), "{put:?}");
    assert_eq!(fs::read(&target).expect("there"), b"old");
    assert_eq!(cleaned(folder.path()).await, ["motd"]);
}

#[tokio::test]
async fn a_connection_that_breaks_under_a_transfer_leaves_the_target_as_it_was() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    let target = folder.path().join("motd");
    fs::write(&target, "old").expect("written");
    let put = upload(&pattern(64 * 1024 * 1024), &target);
    let patient = limits(PATIENCE);

    let (put, ()) = tokio::join!(remote.put(&put, &patient), async {
        while names(folder.path()).len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(sshd);
    });

    assert!(matches!(put, Err(RemoteError::Transfer { .. })), "{put:?}");
    assert_eq!(fs::read(&target).expect("there"), b"old");
}

#[tokio::test]
async fn a_host_without_sftp_says_so_before_anything_is_touched() {
    let sshd = Sshd::start("Subsystem nothing /bin/false");
    let remote = connect(&sshd).await.remote;

    let put = remote.put(&upload(b"x", Path::new("/tmp/x")), &limits(PATIENCE)).await;

    let Err(RemoteError::NotStarted(refused)) = put else {
        panic!("{put:?}");
    };
    assert!(refused.reason.contains("SFTP"), "{}", refused.reason);
}

/// A disk of its own for a test, in memory; it goes away with it.
struct Disk(TempDir);

impl Disk {
    fn new(size: &str) -> Self {
        let folder = folder();
        let options = format!("size={size},mode=0700");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).status();
        assert!(mount.expect("mount starts").success(), "only root may mount");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // sftp-server may hold a file of it for a moment longer than the test.
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()), "still mounted");
    }
}

#[tokio::test]
async fn f_27_a_full_disk_leaves_the_target_as_it_was_and_is_told() {
    let sshd = Sshd::start("");
    let remote = connect(&sshd).await.remote;
    let disk = Disk::new("64k");
    let target = disk.path().join("target");
    fs::write(&target, "old").expect("there is room for this");

    let put = remote.put(&upload(&pattern(200 * 1024), &target), &limits(PATIENCE)).await;

    let Err(RemoteError::Transfer { reason, .. }) = put else { panic!("{put:?}") };
    assert_eq!(reason, "no space is left on its disk");
    assert_eq!(cleaned(disk.path()).await, ["target"]);
    assert_eq!(fs::read(&target).expect("the target"), b"old");
    // What was taken for it is free again.
    let put = remote.put(&upload(b"new", &target), &limits(PATIENCE)).await;
    assert!(put.is_ok(), "{put:?}");
    assert_eq!(fs::read(&target).expect("the target"), b"new");
}

#[tokio::test]
async fn two_who_write_the_same_file_at_once_leave_one_of_the_two_whole() {
    let sshd = Sshd::start("");
    let (one, other) = (connect(&sshd).await.remote, connect(&sshd).await.remote);
    let folder = folder();
    let target = folder.path().join("target");
    for _ in 0..5 {
        let (ours, theirs) = (vec![b'o'; 3_000_000], vec![b't'; 2_000_000]);
        let uploads = (upload(&ours, &target), upload(&theirs, &target));
        let (patience, as_long) = (limits(PATIENCE), limits(PATIENCE));

        let (ours_put, theirs_put) = tokio::join!(one.put(&uploads.0, &patience), other.put(&uploads.1, &as_long));

        assert!(ours_put.is_ok() && theirs_put.is_ok(), "{ours_put:?} {theirs_put:?}");
        let found = fs::read(&target).expect("the target");
        assert!(found == ours || found == theirs, "{} bytes", found.len());
        assert_eq!(cleaned(folder.path()).await, ["target"]);
    }
}

#[tokio::test]
async fn files_survive_new_keys_in_both_directions() {
    let sshd = Sshd::start("RekeyLimit 1M\nLogLevel DEBUG1");
    let remote = connect(&sshd).await.remote;
    let folder = folder();
    let (there, back) = (folder.path().join("there"), folder.path().join("back"));
    let content = pattern(64 * 1024 * 1024);
    let expected = Transfer::of_file(content.len() as u64);

    let put = remote.put(&upload(&content, &there), &limits(PATIENCE)).await;
    let got = get(&*remote, &there, back.clone(), content.len() as u64).await;

    assert_eq!((put.expect("sent"), got.expect("fetched")), (expected.clone(), expected));
    assert!(fs::read(&there).expect("sent") == content && fs::read(&back).expect("fetched") == content);
    // Evidence that it was under new keys: the server's own log.
    let exchanges = sshd.log().matches("rekey out after").count();
    assert!(exchanges >= 32, "{exchanges} exchanges of keys");
}
