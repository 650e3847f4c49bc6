//! How a file is replaced.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use runsheet_workbook::{Edit, Reason, Value, Workbook, patch, patch_if};

fn edit(text: &str) -> [Edit; 1] {
    [Edit { tab: "steps".to_owned(), row: 1, column: 2, value: Value::Text(text.to_owned()) }]
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn mode_and_link_stay_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().join("real.csv");
    let link = folder.path().join("steps.csv");
    fs::write(&real, "a,b\n").expect("a file");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
    symlink("real.csv", &link).expect("a link");
    patch(&link, &edit("c")).expect("patched");
    assert_eq!(fs::read(&real).expect("a file"), b"a,c\n");
    assert_eq!(fs::metadata(&real).expect("a file").permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
    assert_eq!(names(folder.path()), ["real.csv", "steps.csv"]);
}

#[test]
fn a_file_that_is_as_it_should_be_is_not_touched() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("steps.csv");
    fs::write(&path, "a,c\n").expect("a file");
    let inode = fs::metadata(&path).expect("a file").ino();
    patch(&path, &edit("c")).expect("patched");
    assert_eq!(fs::metadata(&path).expect("a file").ino(), inode);
}

#[test]
fn a_file_that_others_changed_or_have_open_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("steps.csv");
    fs::write(&path, "a,b\n").expect("a file");
    let (_, fingerprint) = Workbook::read_with_fingerprint(&path).expect("a workbook");
    fs::write(&path, "a,x\n").expect("a file");
    let error = patch_if(&path, &fingerprint, &edit("c")).expect_err("changed");
    assert!(matches!(error.reason, Reason::Changed));
    assert_eq!(fs::read(&path).expect("a file"), b"a,x\n");

    let lock = folder.path().join(".~lock.steps.csv#");
    fs::write(&lock, "Dana K,dana,laptop7,26.11.2026 11:02,file:///home/dana/.config/libreoffice/4;").expect("a lock");
    let error = patch(&path, &edit("c")).expect_err("open");
    assert!(
        error.to_string().ends_with("it is open: Dana K has it open in LibreOffice on laptop7 since 26.11.2026 11:02"),
        "{error}"
    );
    assert!(error.hint().expect("a hint").contains(".~lock.steps.csv#"));
    fs::remove_file(&lock).expect("closed");

    let lock = folder.path().join("~$steps.csv");
    fs::write(&lock, [b"\x03Kim".as_slice(), &[b' '; 50], &[0; 20]].concat()).expect("a lock");
    let error = patch(&path, &edit("c")).expect_err("open");
    assert!(error.to_string().ends_with("Kim has it open in Excel"), "{error}");
    fs::remove_file(&lock).expect("closed");

    assert_eq!(fs::read(&path).expect("a file"), b"a,x\n");
    patch(&path, &edit("c")).expect("patched");
    assert_eq!(fs::read(&path).expect("a file"), b"a,c\n");
}

#[test]
fn what_no_cell_can_hold_is_refused_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("steps.csv");
    fs::write(&path, "a,b\n").expect("a file");
    let refused = |row, column, value| {
        let edit = Edit { tab: "steps".to_owned(), row, column, value };
        patch(&path, &[edit]).expect_err("refused").reason.to_string()
    };
    assert_eq!(refused(1, 2, Value::Number(f64::NAN)), "tab `steps`, cell B1: what is to be written is no number");
    assert_eq!(refused(1, 16_385, Value::Bool(true)), "tab `steps`, cell XFE1: no spreadsheet has such a cell");
    assert_eq!(
        refused(1, 28, Value::Text("x".repeat(32_768))),
        "tab `steps`, cell AB1: a cell takes at most 32767 letters"
    );
    assert_eq!(fs::read(&path).expect("a file"), b"a,b\n");
}
