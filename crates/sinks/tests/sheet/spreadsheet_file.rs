//! What keeps a spreadsheet file from being written. How it is read and patched is the workbook's part; here it is a text.

use std::fs;
use std::path::{Path, PathBuf};

use runsheet_sinks::{Change, FileTarget, FileTools, SheetTarget, SinkError};
use runsheet_workbook::{Tab, Workbook};

use super::text;

fn target(path: &Path) -> FileTarget {
    let tools = FileTools {
        read: |path| {
            let tab = Tab { name: "Steps".to_owned(), hidden: false, rows: Vec::new() };
            Ok(Workbook { path: path.to_owned(), tabs: vec![tab] })
        },
        patch: |path, _, _| Ok(fs::write(path, "patched")?),
    };
    FileTarget::new(path.to_owned(), "deploy.xlsx", tools)
}

/// A folder with a spreadsheet.
fn spreadsheet() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deploy.xlsx");
    fs::write(&path, "as it was").expect("a file");
    (folder, path)
}

fn write(target: &mut FileTarget) -> Result<(), SinkError> {
    target.write("Steps", &[Change { row: 2, column: 5, value: text("x") }])
}

#[test]
fn one_that_is_open_elsewhere_is_left_alone_until_it_is_closed() {
    let (folder, path) = spreadsheet();
    let lock = folder.path().join(".~lock.deploy.xlsx#");
    fs::write(&lock, "Dana,dana,ops1,26.11.2026 03:12,file:///home/dana/.config/libreoffice/4;").expect("a lock");
    let mut target = target(&path);
    let error = target.read("Steps").expect_err("open elsewhere");
    assert_eq!(error.to_string(), "`deploy.xlsx` is open in LibreOffice, by dana on ops1; close it there");
    assert!(error.is_passing());

    fs::rename(&lock, folder.path().join("~$deploy.xlsx")).expect("another lock");
    let error = target.read("Steps").expect_err("open elsewhere");
    assert_eq!(error.to_string(), "`deploy.xlsx` is open in Excel; close it there");

    fs::remove_file(folder.path().join("~$deploy.xlsx")).expect("closed");
    target.read("Steps").expect("a tab");
    write(&mut target).expect("written");
    assert_eq!(fs::read(&path).expect("a file"), b"patched");
}

#[test]
fn one_that_was_changed_since_it_was_read_is_not_overwritten() {
    let (_folder, path) = spreadsheet();
    let mut target = target(&path);
    target.read("Steps").expect("a tab");
    fs::write(&path, "by somebody else").expect("a change");
    let error = write(&mut target).expect_err("changed");
    assert!(error.is_passing());
    assert_eq!(fs::read(&path).expect("a file"), b"by somebody else");
    target.read("Steps").expect("a tab");
    write(&mut target).expect("written");
}

#[test]
fn one_that_is_read_only_stays_as_it_is() {
    let (_folder, path) = spreadsheet();
    let mut permissions = fs::metadata(&path).expect("a file").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("read-only");
    let error = target(&path).read("Steps").expect_err("read-only");
    assert_eq!(error.to_string(), "`deploy.xlsx` is read-only");
    assert!(!error.is_passing());
}
