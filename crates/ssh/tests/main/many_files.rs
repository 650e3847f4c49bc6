//! Many files at once: each is there entirely or not at all, and all of them are brought to the disk, whatever the host allows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use runsheet_task::{Content, RemoteError, Upload};

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
        for number in 0..FILES {
            let path = folder.path().join(format!("d{}/-f {number}", number % 7));
            assert_eq!(fs::read(&path).expect("a file"), content(number), "{config}");
            let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o7777;
            assert_eq!(mode, if number.is_multiple_of(2) { 0o755 } else { 0o640 }, "{config}");
        }
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
