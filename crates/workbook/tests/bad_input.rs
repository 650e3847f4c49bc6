//! What is no spreadsheet, or means harm: a clear error, and bounded work.

use std::fs;
use std::path::Path;

use runsheet_workbook::{Reason, Workbook, WorkbookError};

use crate::handmade::Handmade;
use crate::zip_file;

/// Why a file of these bytes cannot be read.
fn error(bytes: &[u8]) -> WorkbookError {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deploy.xlsx");
    fs::write(&path, bytes).expect("a file");
    Workbook::read(&path).expect_err("refused")
}

fn reason(bytes: &[u8]) -> String {
    error(bytes).reason.to_string()
}

/// An ODS of this content.
fn ods(content: &str) -> Vec<u8> {
    zip_file::build(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", b"<manifest/>"),
    ])
}

/// The tabs of an ODS.
fn ods_with_rows(rows: &str) -> Vec<u8> {
    ods(&format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"Steps\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    ))
}

#[test]
fn what_is_no_spreadsheet_says_what_it_is() {
    assert_eq!(reason(b""), "it is empty");
    assert_eq!(reason(b" \r\n\n"), "it is empty");
    assert_eq!(reason(b"\x89PNG\r\n\x1a\n\0\0"), "it is no spreadsheet but a picture");
    assert_eq!(reason(b"\x7fELF\x02\x01\x01\0\0\0"), "it is no spreadsheet but a file of bytes");
    assert_eq!(reason(b"<html><table><tr><td>a</td></tr></table></html>"), "it is no spreadsheet but a web page");
    assert_eq!(reason(b"<project/>"), "it is no spreadsheet but an XML document of another kind");
    assert_eq!(reason(&zip_file::build(&[("a.txt", b"a")])), "it is no spreadsheet but an archive of something else");
    let text = zip_file::build(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<a/>")]);
    assert_eq!(reason(&text), "it is no spreadsheet but a document of another office program");
    let folder = tempfile::tempdir().expect("a folder");
    let missing = Workbook::read(&folder.path().join("none.xlsx")).expect_err("not there");
    assert!(missing.to_string().ends_with("none.xlsx`: failed to read it"), "{missing}");
    let error = Workbook::read(Path::new("/dev/zero")).expect_err("no file").reason.to_string();
    assert_eq!(error, "it is no spreadsheet but something that is no file");
    assert_eq!(
        Workbook::read(folder.path()).expect_err("no CSV").reason.to_string(),
        "it is no spreadsheet but a folder without a .csv file"
    );
}

#[test]
fn what_needs_a_password_says_so() {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let office = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 600], &name, &[0; 600]].concat();
    let error = error(&office);
    assert!(matches!(error.reason, Reason::Protected));
    assert_eq!(error.hint().as_deref(), Some("save it without a password"));
    let ods = zip_file::build(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", b"\x01\x02"),
        ("META-INF/manifest.xml", b"<m:manifest><m:encryption-data/></m:manifest>"),
    ]);
    assert_eq!(reason(&ods), "it is protected by a password");
}

#[test]
fn entities_and_document_types_are_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>";
    let file = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    for kind in [bomb, file] {
        let told = "it is not safe to read: it has a document type (DOCTYPE)";
        assert_eq!(reason(&ods(&format!("{kind}<office:document-content/>"))), format!("{told} (in `content.xml`)"));
        assert_eq!(reason(format!("<?xml version=\"1.0\"?>{kind}<Workbook/>").as_bytes()), told);
    }
    let cell = "<table:table-row><table:table-cell office:value-type=\"string\"><text:p>&x;</text:p></table:table-cell></table:table-row>";
    assert_eq!(reason(&ods_with_rows(cell)), "it is not safe to read: it has entities of its own (in `content.xml`)");
    let deep = format!("<office:document-content>{}", "<a>".repeat(100_000));
    assert!(reason(&ods(&deep)).contains("too deep in each other"));
}

#[test]
fn archives_that_are_cut_off_or_wrong_are_told() {
    let bytes = fs::read(&Handmade::new("<sheetData/>").path).expect("a file");
    for end in (4..bytes.len() - 30).step_by(97) {
        assert_eq!(
            reason(&bytes[..end]),
            "it is damaged: its end is missing, as after a copy that was broken off",
            "{end} bytes"
        );
    }
    // Every byte of it may be wrong: an error or a workbook, and never a panic.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deploy.xlsx");
    let mut wrong = 0;
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).expect("a file");
        wrong += usize::from(Workbook::read(&path).is_err());
    }
    assert!(wrong > bytes.len() / 4, "{wrong} of {}", bytes.len());
    let twice = zip_file::build(&[("content.xml", b"<a/>"), ("content.xml", b"<b/>")]);
    assert_eq!(reason(&twice), "it is damaged: its archive has a part twice (in `content.xml`)");
}

#[test]
fn bombs_do_not_go_off() {
    let zeros = vec![b' '; 16 << 20];
    let bomb = zip_file::build(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &zeros),
        ("META-INF/manifest.xml", b"<manifest/>"),
    ]);
    let told = reason(&bomb);
    assert!(told.starts_with("it is too large: `content.xml` is 15 KiB packed and more than"), "{told}");

    let row = "<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell office:value-type=\"float\" office:value=\"1\" table:number-columns-repeated=\"16384\"/></table:table-row>";
    assert_eq!(reason(&ods_with_rows(row)), "it is too large: it has more than 3000000 cells");
    let text = "a".repeat(30_000);
    let row = format!(
        "<table:table-row table:number-rows-repeated=\"100000\"><table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell></table:table-row>"
    );
    assert_eq!(reason(&ods_with_rows(&row)), "it is too large: its cells hold more than 256 MiB of text");

    let many: Vec<String> = (0..10_001).map(|part| format!("p{part}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (&**name, b"".as_slice())).collect();
    assert_eq!(reason(&zip_file::build(&many)), "it is too large: its archive has 10001 parts, more than 10000");
}

#[test]
fn rows_of_nothing_without_end_cost_nothing() {
    let rows = "<table:table-row><table:table-cell office:value-type=\"float\" office:value=\"1\"/><table:table-cell table:number-columns-repeated=\"16383\"/></table:table-row><table:table-row table:number-rows-repeated=\"4000000000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deploy.ods");
    fs::write(&path, ods_with_rows(rows)).expect("a file");
    let workbook = Workbook::read(&path).expect("a workbook");
    assert_eq!((workbook.tabs[0].rows.len(), workbook.tabs[0].rows[0].cells.len()), (1, 1));
}

#[test]
fn cells_that_are_not_what_they_say_are_told_by_name() {
    let told = |cells: &str| Workbook::read(&Handmade::new(cells).path).expect_err("refused").reason.to_string();
    assert_eq!(
        told("<sheetData><row r=\"7\"><c r=\"C7\" t=\"s\"><v>99</v></c></row></sheetData>"),
        "tab `Steps`, cell C7: it names a text that is not there"
    );
    assert_eq!(
        told("<sheetData><row r=\"7\"><c r=\"C7\"><v>twelve</v></c></row></sheetData>"),
        "tab `Steps`, cell C7: it is neither a number nor a text"
    );
    assert_eq!(
        told("<sheetData><row r=\"7\"/><row r=\"7\"/></sheetData>"),
        "it is damaged: what follows row 7 is no row (in `xl/worksheets/sheet1.xml`)"
    );
    assert_eq!(
        told("<sheetData><row r=\"7\"><c r=\"C8\"/></row></sheetData>"),
        "it is damaged: a cell of row 7 is not where it says (in `xl/worksheets/sheet1.xml`)"
    );
}
