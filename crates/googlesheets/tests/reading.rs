use std::time::Duration;

use runsheet_googlesheets::{GoogleCell, GoogleValue};
use serde_json::json;

use crate::stub::{GoogleStub, StubCell, StubSheet, StubTab};
use crate::{ID, client, deploy_sheet, id};

fn text(column: u32, text: &str) -> GoogleCell {
    GoogleCell { column, value: GoogleValue::Text(text.to_owned()), formula: false, merged: false }
}

#[test]
fn a_sheet_is_read_in_one_request_with_the_numbers_of_its_rows() {
    let stub = deploy_sheet();
    let sheet = client(&stub).read(&id()).expect("a sheet");
    assert_eq!(sheet.title, "Weekly deploy");
    let [tab] = &sheet.tabs[..] else { panic!("{sheet:?}") };
    assert_eq!((tab.id, tab.name.as_str(), tab.hidden, tab.columns), (7, "Dana's steps", false, 3));
    let numbers: Vec<u32> = tab.rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(tab.rows[1].cells, [text(1, "Stop"), text(2, "apache.stop"), text(3, "web")]);
    assert_eq!(stub.requests(), 1);
}

#[test]
fn hidden_rows_formulas_dates_and_merged_ranges_are_seen() {
    let mut steps = StubTab::of_texts(1, "Steps", &[&["Step", "", "Expected"], &[], &["Stop", "web", ""]]);
    steps.hidden_rows = vec![3];
    steps.cells.insert((3, 3), StubCell::number(0.008_333_333_333, Some(("TIME", "[h]:mm:ss"))));
    let formula = StubCell { formula: Some("=1/0".to_owned()), ..StubCell::number(1.5, None) };
    steps.cells.insert((4, 3), formula);
    steps.cells.insert((5, 1), StubCell::number(46352.0, Some(("DATE", "yyyy-mm-dd"))));
    steps.cells.insert((6, 1), StubCell { effective: json!({"boolValue": true}), formula: None, format: None });
    steps.merges = vec![[3, 1, 4, 1]];
    let mut secret = StubTab::of_texts(2, "Old", &[]);
    secret.hidden = true;
    let stub = GoogleStub::start(ID, StubSheet::new("x", vec![steps, secret]));

    let sheet = client(&stub).read(&id()).expect("a sheet");
    let rows = &sheet.tabs[0].rows;
    let numbers: Vec<(u32, bool)> = rows.iter().map(|row| (row.number, row.hidden)).collect();
    assert_eq!(numbers, [(1, false), (3, true), (4, false), (5, false), (6, false)]);
    assert_eq!(rows[1].cells[2].value, GoogleValue::Duration(Duration::from_mins(12)));
    assert_eq!(rows[2].cells[0], GoogleCell { merged: true, ..text(1, "Stop") });
    let computed = GoogleCell { column: 3, value: GoogleValue::Number(1.5), formula: true, merged: false };
    assert_eq!(rows[2].cells[1], computed);
    assert_eq!(rows[3].cells[0].value, GoogleValue::DateTime("2026-11-26".to_owned()));
    assert_eq!(rows[4].cells[0].value, GoogleValue::Bool(true));
    assert!(sheet.tabs[1].hidden && sheet.tabs[1].rows.is_empty());
}
