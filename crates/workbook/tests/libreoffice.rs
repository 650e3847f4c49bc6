//! Workbooks that LibreOffice made, changed here, and opened by LibreOffice again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runsheet_workbook::{Cell, Edit, Value, Workbook, patch};

use crate::office::Office;
use crate::zip_file;

/// A deploy sheet with styles, formulas, a comment, merged cells, a hidden row, a hidden tab and a chart.
fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/deploy.fods")
}

/// What a run writes into it: cells that are there and cells that are not, a new column, a new row.
fn timing() -> Vec<Edit> {
    let edit = |row, column, value| Edit { tab: "Steps".to_owned(), row, column, value };
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        edit(4, 7, text("First error")),
        edit(5, 5, Value::DateTime("2026-11-26T03:30:00".to_owned())),
        edit(5, 6, Value::Duration(Duration::from_secs(192))),
        edit(5, 7, text("=HYPERLINK(\"http://x\")")),
        edit(7, 6, Value::Duration(Duration::from_mins(1_625))),
        edit(8, 2, Value::Number(7.0)),
        edit(8, 7, text("two\nlines <& more>  ")),
        edit(9, 7, Value::Number(-0.25)),
        edit(13, 1, text("Appended")),
    ]
}

/// What LibreOffice shows then, with a value for the sum of the hosts.
fn shown(sum: &str) -> String {
    let rows = [
        "Weekly web deploy\t\t\t\t\t\t",
        "\t\t\t\t\t\t",
        "\t\t\t\t\t\t",
        "Step\tHosts\tDay\tExpected\tStarted\tElapsed\tFirst error",
        "Drain\t12\t2026-11-26\t0:12:00\t2026-11-26 03:30:00\t0:03:12\t\"=HYPERLINK(\"\"http://x\"\")\"",
        "Hidden <step>\t0.5\t2026-11-27\t27:05:00\t\t\t",
        "Same\t3\t3\t03:30\t\t27:05:00\t",
        "Same\t7\t3\t03:30\t\t\t\"two\nlines <& more>  \"",
        "Same\t3\t3\t03:30\t\t\t-0.25",
        &format!("Sum\t{sum}\t\t\t\t0:00:00\t"),
        "\t\t\t\t\t\t",
        "\t\t\t\t\t\t",
        "Appended\t\t\t\t\t\t",
        "",
    ];
    rows.join("\n")
}

/// All cells of a workbook, by tab, row and column.
fn cells(workbook: &Workbook) -> BTreeMap<(String, u32, u32), Cell> {
    let mut cells = BTreeMap::new();
    for tab in &workbook.tabs {
        for row in &tab.rows {
            for cell in &row.cells {
                cells.insert((tab.name.clone(), row.number, cell.column), cell.clone());
            }
        }
    }
    cells
}

/// Changes a file, and asserts that what is read then are the old cells with the changes.
fn patched(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let before = fs::read(path).expect("a file");
    let mut expected = cells(&Workbook::read(path).expect("a workbook"));
    patch(path, &timing()).expect("patched");
    for Edit { tab, row, column, value } in timing() {
        expected.insert((tab, row, column), Cell { column, value, formula: false, merged: false });
    }
    let read = Workbook::read(path).expect("a workbook");
    // The title is merged over six columns still, and the tab has seven.
    assert_eq!(cells(&read), expected);
    assert!(read.tabs[1].hidden && read.tabs[0].rows.iter().any(|row| row.number == 6 && row.hidden));
    (before, fs::read(path).expect("a file"))
}

/// A file of the kind, made by LibreOffice.
fn made(office: &Office, kind: &str) -> PathBuf {
    office.convert(&deploy(), kind).join(format!("deploy.{kind}"))
}

#[test]
fn an_xlsx_shows_what_was_written_and_keeps_everything_else() {
    let office = Office::new();
    let path = made(&office, "xlsx");
    let (before, after) = patched(&path);
    let sheet = "xl/worksheets/sheet1.xml";
    zip_file::assert_same_but(&before, &after, &[sheet]);

    // In the part that changed: every other cell, and everything around the cells.
    let (before, after) = (zip_file::text(&before, sheet), zip_file::text(&after, sheet));
    let (old, mut new) = (cells_as_written(&before), cells_as_written(&after));
    for Edit { row, column, .. } in timing() {
        new.remove(&format!("{}{row}", char::from(b'A' - 1 + u8::try_from(column).expect("small"))));
    }
    let kept: BTreeMap<_, _> = old.into_iter().filter(|(name, _)| new.contains_key(name)).collect();
    assert_eq!(kept, new);
    assert_eq!(kept.len(), 41);
    let around = |text: &str| {
        let (head, rest) = text.split_once("<sheetData>").expect("cells");
        (head.to_owned(), rest.split_once("</sheetData>").expect("cells").1.to_owned())
    };
    let ((old_head, old_tail), (new_head, new_tail)) = (around(&before), around(&after));
    assert_eq!(old_head.replace("A1:F10", "A1:G13"), new_head);
    assert_eq!(format!("<sheetCalcPr fullCalcOnLoad=\"1\"/>{old_tail}"), new_tail);

    // LibreOffice shows what the formulas gave when the file was saved, unless it is asked to calculate (docs/design/workbook.md).
    assert_eq!(office.shows(&path, "Steps"), shown("21.5"));
}

/// The cells of a sheet, by name, as they are written.
fn cells_as_written(sheet: &str) -> BTreeMap<String, String> {
    let mut cells = BTreeMap::new();
    for piece in sheet.split("<c ").skip(1) {
        let end = match piece.find('>').expect("a tag") {
            at if piece[..at].ends_with('/') => at,
            _ => piece.find("</c>").expect("an end"),
        };
        let name = piece.split('"').nth(1).expect("a name");
        cells.insert(name.to_owned(), piece[..end].to_owned());
    }
    cells
}

#[test]
fn an_ods_shows_what_was_written_and_keeps_everything_else() {
    let office = Office::new();
    let path = made(&office, "ods");
    let (before, after) = patched(&path);
    zip_file::assert_same_but(&before, &after, &["content.xml"]);

    let (before, after) = (zip_file::text(&before, "content.xml"), zip_file::text(&after, "content.xml"));
    // All before the first row: styles, fonts, columns.
    let head = |text: &str| text.split_once("<table:table-row").expect("rows").0.to_owned();
    assert_eq!(head(&before), head(&after));
    // All from the first row on that is not concerned, other tabs among it.
    let tail = |text: &str| text[text.find("table:name=\"Kept").expect("a tab")..].to_owned();
    assert_eq!(tail(&before), tail(&after));
    for kept in ["<office:annotation", "table:formula=\"of:=SUM([.F5:.F9])\"", "table:visibility=\"collapse\""] {
        assert_eq!(before.matches(kept).count(), after.matches(kept).count(), "{kept}");
    }
    assert_eq!(office.shows(&path, "Steps"), shown("25.5"));
}

#[test]
fn a_flat_ods_shows_what_was_written() {
    let office = Office::new();
    let path = office.path("deploy.fods");
    fs::copy(deploy(), &path).expect("a copy");
    patched(&path);
    assert_eq!(office.shows(&path, "Steps"), shown("25.5"));
}

#[test]
fn all_kinds_are_read_alike() {
    let office = Office::new();
    let expected = cells(&Workbook::read(&made(&office, "ods")).expect("a workbook"));
    assert_eq!(cells(&Workbook::read(&made(&office, "xlsx")).expect("a workbook")), expected);
    // Its ending does not count.
    let wrong = office.path("deploy.csv");
    fs::copy(made(&office, "xlsx"), &wrong).expect("a copy");
    assert_eq!(cells(&Workbook::read(&wrong).expect("a workbook")), expected);

    // This export knows neither hidden tabs nor spans of time, and has the data of charts among the cells.
    let xml = office.convert(&deploy(), "xml:MS Excel 2003 XML").join("deploy.xml");
    let read = Workbook::read(&xml).expect("a workbook");
    let plain = |cells: BTreeMap<(String, u32, u32), Cell>| {
        let times = [4, 6];
        cells
            .into_iter()
            .filter(|((tab, _, column), _)| tab == "Steps" && !times.contains(column))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(plain(cells(&read)), plain(expected));
    let error = patch(&xml, &timing()).expect_err("not changed");
    assert!(error.to_string().ends_with("a spreadsheet saved as XML cannot be changed here"), "{error}");
}

#[test]
fn what_cannot_be_read_says_what_it_is() {
    let office = Office::new();
    let xls = office.convert(&deploy(), "xls").join("deploy.xls");
    let error = Workbook::read(&xls).expect_err("an old workbook").reason.to_string();
    assert_eq!(error, "an old workbook (.xls) cannot be read here");
    let pdf = office.convert(&deploy(), "pdf").join("deploy.pdf");
    let error = Workbook::read(&pdf).expect_err("a PDF").reason.to_string();
    assert_eq!(error, "it is no spreadsheet but a PDF");
}

#[test]
fn a_csv_has_no_formula_for_libreoffice() {
    let office = Office::new();
    let path = office.path("steps.csv");
    fs::write(&path, "Step,Error\nDrain,\n").expect("a file");
    let evil = ["=1+1", "+1+1", "-1+1", "@SUM(1,1)", "\t=1+1", " =1+1"];
    let edits = (2..).zip(evil).map(|(row, text)| Edit {
        tab: String::new(),
        row,
        column: 2,
        value: Value::Text(text.to_owned()),
    });
    patch(&path, &edits.collect::<Vec<_>>()).expect("patched");
    let fods = fs::read_to_string(office.convert(&path, "fods").join("steps.fods")).expect("a file");
    assert!(fods.contains("1+1") && !fods.contains("table:formula"), "{fods}");
}
