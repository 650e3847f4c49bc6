//! What keeps a spreadsheet file from being written.

use std::fs;
use std::path::{Path, PathBuf};

use runsheet_sinks::{Change, FileTarget, SheetTarget, SinkError};

use super::text;

fn target(path: &Path) -> FileTarget {
    FileTarget::new(path.to_owned(), "deploy.csv")
}

/// A folder with a spreadsheet.
fn spreadsheet() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deploy.csv");
    fs::write(&path, "step,task,hosts,owner\nstop,x,web,dana\n").expect("a file");
    (folder, path)
}

fn write(target: &mut FileTarget) -> Result<(), SinkError> {
    target.write("deploy", &[Change { row: 2, column: 5, value: text("x") }])
}

#[test]
fn one_that_is_open_elsewhere_is_left_alone_until_it_is_closed() {
    let (folder, path) = spreadsheet();
    let lock = folder.path().join(".~lock.deploy.csv#");
    fs::write(&lock, "Dana,dana,ops1,26.11.2026 03:12,file:///home/dana/.config/libreoffice/4;").expect("a lock");
    let mut target = target(&path);
    for lock_of_excel in [false, true] {
        target.read("deploy").expect("it can be read all the same");
        let error = write(&mut target).expect_err("open elsewhere");
        assert!(error.is_passing(), "{error}");
        let why = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(why.contains(if lock_of_excel { "Excel" } else { "LibreOffice" }), "{why}");
        if !lock_of_excel {
            assert!(why.contains("dana") || why.contains("Dana"), "{why}");
            fs::rename(&lock, folder.path().join("~$deploy.csv")).expect("another lock");
        }
    }
    fs::remove_file(folder.path().join("~$deploy.csv")).expect("closed");
    target.read("deploy").expect("a tab");
    write(&mut target).expect("written");
    assert_eq!(fs::read_to_string(&path).expect("a file"), "step,task,hosts,owner\nstop,x,web,dana,x\n");
}

#[test]
fn one_that_was_changed_since_it_was_read_is_not_overwritten() {
    let (_folder, path) = spreadsheet();
    let mut target = target(&path);
    target.read("deploy").expect("a tab");
    fs::write(&path, "by somebody else").expect("a change");
    let error = write(&mut target).expect_err("changed");
    assert!(error.is_passing());
    assert_eq!(fs::read(&path).expect("a file"), b"by somebody else");
    target.read("deploy").expect("a tab");
    write(&mut target).expect("written");
}

#[test]
fn one_that_is_read_only_stays_as_it_is() {
    let (_folder, path) = spreadsheet();
    let mut permissions = fs::metadata(&path).expect("a file").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("read-only");
    let error = target(&path).read("deploy").expect_err("read-only");
    assert_eq!(error.to_string(), "`deploy.csv` is read-only");
    assert!(!error.is_passing());
}
