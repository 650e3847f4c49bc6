use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use runsheet_events::{EventKind, Observer, RunEvent, StepTotals};
use runsheet_locks::{AuditEntry, Claim, LockError, LockFolder, LockedHost, Mode, Sharing};
use runsheet_model::{LockHolder, RunId, StepId};
use tempfile::TempDir;

fn claim(hosts: &[&str]) -> Claim {
    let holder = LockHolder {
        run: RunId::fresh(),
        command: "run".to_owned(),
        sheet: "Weekly".to_owned(),
        user: "dana".to_owned(),
        machine: "build1".to_owned(),
        pid: std::process::id(),
        since: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000),
    };
    let host = |name: &&str| LockedHost { name: (*name).to_owned(), at: format!("{name}:22"), mode: Mode::Alone };
    Claim { holder, hosts: hosts.iter().map(host).collect() }
}

fn private(folder: &TempDir) -> LockFolder {
    LockFolder::open(&folder.path().join("locks"), Sharing::Private).expect("a folder")
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o1777)).expect("a mode");
}

#[test]
fn who_wants_a_held_host_gets_nothing_and_hears_who_holds_it() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = private(&temporary);
    let first = claim(&["web1", "web2"]);
    let guard = folder.take(&first).expect("a look").expect("nobody there");

    let conflicts = folder.take(&claim(&["web2", "web3"])).expect("a look").expect_err("web2 is held");

    assert_eq!(conflicts.len(), 1);
    assert_eq!((&conflicts[0].holder, &conflicts[0].hosts), (&first.holder, &vec!["web2".to_owned()]));
    let beside = folder.take(&claim(&["web3"])).expect("a look").expect("web3 is free: nothing of it was kept");
    drop((guard, beside));
    folder.take(&claim(&["web1", "web2", "web3"])).expect("a look").expect("all are free");
    assert!(folder.list().expect("a list").locks.is_empty());
}

#[test]
fn a_lock_says_which_steps_run() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = private(&temporary);
    let guard = folder.take(&claim(&["web1"])).expect("a look").expect("nobody there");
    let mut watch = guard.step_watch().expect("a watch");
    let mut tell = |kind| {
        let event = RunEvent { seq: 1, at: SystemTime::UNIX_EPOCH, elapsed: Duration::ZERO, kind };
        watch.observe(&Arc::new(event)).expect("it goes on");
    };
    let step = |name: &str| StepId::new(name).expect("an id");
    tell(EventKind::StepStarted { step: step("one"), hosts: 1 });
    tell(EventKind::StepStarted { step: step("two"), hosts: 1 });
    tell(EventKind::StepFinished { step: step("one"), totals: StepTotals::default(), took: Duration::ZERO });
    let deadline = Instant::now() + Duration::from_secs(20);
    while folder.list().expect("a list").locks[0].steps != ["two"] {
        assert!(Instant::now() < deadline, "it never says so");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_planted_in_a_folder_of_locks_is_neither_followed_nor_believed() {
    let temporary = tempfile::tempdir().expect("a folder");
    let path = temporary.path().join("locks");
    fs::create_dir(&path).expect("a folder");
    open_to_all(&path);
    let treasure = temporary.path().join("treasure");
    fs::write(&treasure, "keep me").expect("a file");
    let mine = claim(&["web1"]);
    symlink(&treasure, path.join(format!("{}.lock", mine.holder.run))).expect("a link");
    symlink(&treasure, path.join("other.lock")).expect("a link");
    symlink(&treasure, path.join(format!("audit-{}.ndjson", rustix::process::geteuid().as_raw()))).expect("a link");
    fs::write(path.join("junk.lock"), "not a lock").expect("a file");
    fs::create_dir(path.join("folder.lock")).expect("a folder");
    let folder = LockFolder::open(&path, Sharing::Shared).expect("a folder");

    assert!(matches!(folder.take(&mine), Err(LockError::Io { .. })), "it went through a link of its own name");
    let other = claim(&["web1"]);
    let entry = AuditEntry {
        at: SystemTime::UNIX_EPOCH,
        user: "dana".to_owned(),
        machine: "here".to_owned(),
        run: mine.holder.run,
        what: "broken".to_owned(),
    };
    assert!(folder.audit(&entry).is_err());
    assert!(folder.audit_lines().expect("lines").is_empty());
    let _guard = folder.take(&other).expect("a look").expect("nobody holds it");

    let listing = folder.list().expect("a list");
    assert_eq!(listing.locks.len(), 1);
    assert_eq!(listing.others.len(), 4, "{:?}", listing.others);
    assert_eq!(fs::read_to_string(&treasure).expect("the file"), "keep me");
    assert!(path.join("junk.lock").exists(), "what is not ours is left alone");
}

#[test]
fn a_held_file_that_nobody_understands_is_not_passed_over() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = private(&temporary);
    let path = folder.path().join("strange.lock");
    fs::write(&path, format!("{:511}\n{{\"format\": 99}}\n", "")).expect("a file");
    let held = fs::File::open(&path).expect("a file");
    held.lock().expect("a lock");

    let error = folder.take(&claim(&["web1"])).expect_err("nobody can tell");

    assert!(error.to_string().ends_with("a newer runsheet wrote it"), "{error}");
    held.unlock().expect("unlocked");
    folder.take(&claim(&["web1"])).expect("a look").expect("nobody is there any more");
}

#[test]
fn a_folder_in_which_others_could_remove_locks_is_refused() {
    let temporary = tempfile::tempdir().expect("a folder");
    let path = temporary.path().join("locks");
    fs::create_dir(&path).expect("a folder");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("a mode");
    assert!(matches!(LockFolder::open(&path, Sharing::Shared), Err(LockError::Unsafe { mode: 0o777, .. })));
    open_to_all(&path);
    assert!(matches!(LockFolder::open(&path, Sharing::Private), Err(LockError::Unsafe { .. })));
    LockFolder::open(&path, Sharing::Shared).expect("as /tmp is");
    let link = temporary.path().join("link");
    symlink(&path, &link).expect("a link");
    assert!(matches!(LockFolder::open(&link, Sharing::Shared), Err(LockError::Io { .. })), "the folder is a link");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(12_345), None).expect("an owner");
        assert!(matches!(LockFolder::open(&path, Sharing::Shared), Err(LockError::Foreign { owner: 12_345, .. })));
    }
}

#[test]
fn locks_can_be_read_by_those_who_share_the_folder_and_by_nobody_else() {
    let temporary = tempfile::tempdir().expect("a folder");
    let path = temporary.path().join("shared");
    fs::create_dir(&path).expect("a folder");
    open_to_all(&path);
    for (folder, mode) in
        [(LockFolder::open(&path, Sharing::Shared).expect("a folder"), 0o644), (private(&temporary), 0o600)]
    {
        let mine = claim(&["web1"]);
        let _guard = folder.take(&mine).expect("a look").expect("nobody there");
        let file = folder.path().join(format!("{}.lock", mine.holder.run));
        assert_eq!(fs::metadata(file).expect("the file").mode() & 0o777, mode);
    }
}

#[test]
fn what_was_done_to_locks_is_kept_and_read_back() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = private(&temporary);
    let entry = |what: &str| AuditEntry {
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(7),
        user: "dana".to_owned(),
        machine: "here".to_owned(),
        run: RunId::fresh(),
        what: what.to_owned(),
    };
    let entries = [entry("one"), entry("two")];
    for entry in &entries {
        folder.audit(entry).expect("written");
    }
    // Somebody who takes another user's name for a file of their own.
    fs::write(folder.path().join("audit-4242.ndjson"), serde_json::to_string(&entry("false")).expect("JSON"))
        .expect("a file");

    let lines = folder.audit_lines().expect("lines");

    assert_eq!(lines.iter().map(|line| line.entry.clone()).collect::<Vec<_>>(), entries);
}
