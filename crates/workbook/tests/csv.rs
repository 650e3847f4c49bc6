//! CSV files and folders of them.

use std::fs;

use runsheet_workbook::{Edit, Tab, Value, Workbook, patch, patch_if};

/// The cells of a tab as rows of texts, with the number of each row.
fn texts(tab: &Tab) -> Vec<(u32, Vec<String>)> {
    let row = |row: &runsheet_workbook::Row| {
        (row.number, row.cells.iter().map(|cell| format!("{}{}", cell.column, cell.value.to_text())).collect())
    };
    tab.rows.iter().map(row).collect()
}

#[test]
fn a_file_is_read_whatever_it_is_written_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("steps.csv");
    let expected =
        vec![(1, vec!["1Step".to_owned(), "2Größe".to_owned()]), (3, vec!["1a \"b\"\nc".to_owned(), "301".to_owned()])];
    let text = "Step;Größe;\r\n;;\r\n\"a \"\"b\"\"\nc\";;01\r\n";
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("one byte")).collect();
    let marked = format!("\u{feff}{text}").into_bytes();
    for bytes in [text.as_bytes().to_vec(), utf16, latin, marked, text.replace(';', "\t").into_bytes()] {
        fs::write(&path, bytes).expect("a file");
        let workbook = Workbook::read(&path).expect("a workbook");
        assert_eq!(workbook.tabs[0].name, "steps");
        assert_eq!(texts(&workbook.tabs[0]), expected);
    }
}

#[test]
fn each_file_of_a_folder_is_a_tab() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in
        [("Steps.csv", "a\n"), ("Hosts.CSV", "h\n"), ("notes.txt", "n\n"), (".hidden.csv", "x\n"), ("Empty.csv", "")]
    {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let (workbook, fingerprint) = Workbook::read_with_fingerprint(folder.path()).expect("a workbook");
    let names: Vec<_> = workbook.tabs.iter().map(|tab| &*tab.name).collect();
    assert_eq!(names, ["Empty", "Hosts", "Steps"]);

    let edit = |tab: &str| Edit { tab: tab.to_owned(), row: 2, column: 2, value: Value::Number(5.0) };
    patch_if(folder.path(), &fingerprint, &[edit("Steps"), edit("Hosts")]).expect("patched");
    assert_eq!(fs::read(folder.path().join("Steps.csv")).expect("a file"), b"a\n,5\n");
    assert_eq!(fs::read(folder.path().join("Hosts.CSV")).expect("a file"), b"h\n,5\n");

    let error = patch_if(folder.path(), &fingerprint, &[edit("Steps")]).expect_err("changed");
    assert_eq!(error.reason.to_string(), "it was changed since it was read");
    // One that cannot be changed: none is.
    let error = patch(folder.path(), &[edit("Empty"), edit("Stepps")]).expect_err("no tab");
    assert_eq!(error.reason.to_string(), "it has no tab `Stepps`");
    assert_eq!(fs::read(folder.path().join("Empty.csv")).expect("a file"), b"");
}

#[test]
fn fifty_thousand_rows_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("many.csv");
    let mut text = String::new();
    for row in 1..=50_000 {
        text.push_str(&format!("step {row},web,{row}\n"));
    }
    fs::write(&path, text).expect("a file");
    let workbook = Workbook::read(&path).expect("a workbook");
    assert_eq!(workbook.tabs[0].rows.len(), 50_000);
    assert_eq!(workbook.tabs[0].rows[49_999].cells[2].value, Value::Text("50000".to_owned()));
}
