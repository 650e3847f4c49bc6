//! Random changes to random small sheets: what is read then is what was there, with exactly the changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use runsheet_workbook::{Edit, Value, Workbook, csv_safe, patch};

use crate::any_separator::{cells as seen_by_any, may_be_formula};
use crate::handmade::Handmade;
use crate::zip_file;

type Cells = BTreeMap<(u32, u32), Value>;

/// A place in a small sheet.
fn place() -> impl Strategy<Value = (u32, u32)> {
    (1..12_u32, 1..9_u32)
}

/// Texts with everything that formats treat in a special way.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("([a-zÄ€😀<>&\"'=_;,+@-]|  ?|\t|\n|_x0041_|\\|){0,12}").expect("an expression")
}

/// Texts that try to begin a cell with a formula.
fn hostile_text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("([a=+@＝-]|[\"'; ,\t\r\n]|\u{feff}|\u{200b}|cmd\\|' /C calc'!A0){0,12}")
        .expect("an expression")
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::Text),
        2 => (-1_000_000..1_000_000_i32).prop_map(|number| Value::Number(f64::from(number) / 8.0)),
        1 => any::<bool>().prop_map(Value::Bool),
    ]
}

/// Times too, for kinds that have styles for them.
fn value_or_time() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => value(),
        1 => (0..400_000_u64).prop_map(|seconds| Value::Duration(Duration::from_secs(seconds))),
        1 => (1..28_u32, 0..86_400_u32).prop_map(|(day, second)| {
            let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
            Value::DateTime(format!("2026-02-{day:02}T{hour:02}:{minute:02}:{second:02}"))
        }),
    ]
}

fn cells(path: &Path) -> Cells {
    let workbook = Workbook::read(path).expect("a workbook");
    let mut cells = Cells::new();
    for row in &workbook.tabs[0].rows {
        for cell in &row.cells {
            cells.insert((row.number, cell.column), cell.value.clone());
        }
    }
    cells
}

/// Changes a file and asserts that exactly the changes are seen; `seen` tells how a value is read back.
fn check(path: &Path, tab: &str, edits: &[((u32, u32), Value)], seen: impl Fn(&Value) -> Value) {
    let mut expected = cells(path);
    let edit = |((row, column), value): &((u32, u32), Value)| Edit {
        tab: tab.to_owned(),
        row: *row,
        column: *column,
        value: value.clone(),
    };
    let all: Vec<_> = edits.iter().map(edit).collect();
    patch(path, &all).expect("patched");
    for (place, value) in edits {
        match seen(value) {
            Value::Text(text) if text.is_empty() => _ = expected.remove(place),
            value => _ = expected.insert(*place, value),
        }
    }
    assert_eq!(cells(path), expected);
    // A second time changes nothing.
    let once = fs::read(path).expect("a file");
    patch(path, &all).expect("patched");
    assert_eq!(fs::read(path).expect("a file"), once);
}

/// An ODS whose rows and cells stand for several, as random numbers say.
fn repeated_ods(runs: &[(u8, Vec<(u8, bool)>)]) -> Vec<u8> {
    let mut rows = String::new();
    for (count, cells) in runs {
        rows.push_str(&format!("<table:table-row table:number-rows-repeated=\"{count}\">"));
        for (count, filled) in cells {
            let repeated = format!("table:number-columns-repeated=\"{count}\"");
            rows.push_str(&if *filled {
                format!(
                    "<table:table-cell {repeated} office:value-type=\"string\"><text:p>old</text:p></table:table-cell>"
                )
            } else {
                format!("<table:table-cell {repeated}/>")
            });
        }
        rows.push_str("</table:table-row>");
    }
    let styles = "<office:automatic-styles><number:date-style style:name=\"N1\"><number:year/><number:hours/></number:date-style><number:time-style style:name=\"N2\" number:truncate-on-overflow=\"false\"><number:hours/></number:time-style><style:style style:name=\"a\" style:family=\"table-cell\" style:data-style-name=\"N1\"/><style:style style:name=\"b\" style:family=\"table-cell\" style:data-style-name=\"N2\"/></office:automatic-styles>";
    let content = format!(
        "<office:document-content>{styles}<office:body><office:spreadsheet><table:table table:name=\"Steps\">{rows}<table:named-expressions/></table:table></office:spreadsheet></office:body></office:document-content>"
    );
    zip_file::build(&[("content.xml", content.as_bytes()), ("META-INF/manifest.xml", b"<manifest/>")])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_xlsx_holds_exactly_the_changes(
        old in proptest::collection::btree_map(place(), 0..3_u8, 0..30),
        edits in proptest::collection::vec((place(), value_or_time()), 0..20),
    ) {
        let mut data = String::from("<sheetData>");
        for row in 1..12_u32 {
            let cells: Vec<_> = old.range((row, 0)..(row + 1, 0)).collect();
            if cells.is_empty() {
                continue;
            }
            data.push_str(&format!("<row r=\"{row}\">"));
            for ((row, column), kind) in cells {
                let name = format!("{}{row}", char::from(b'A' + u8::try_from(column - 1).expect("small")));
                data.push_str(&match kind {
                    0 => format!("<c r=\"{name}\" t=\"s\"><v>1</v></c>"),
                    1 => format!("<c r=\"{name}\"><f>1+1</f><v>2</v></c>"),
                    _ => format!("<c r=\"{name}\"/>"),
                });
            }
            data.push_str("</row>");
        }
        data.push_str("</sheetData>");
        check(&Handmade::new(&data).path, "Steps", &edits, Clone::clone);
    }

    #[test]
    fn an_ods_holds_exactly_the_changes(
        runs in proptest::collection::vec((1..4_u8, proptest::collection::vec((1..4_u8, any::<bool>()), 1..4)), 0..5),
        edits in proptest::collection::vec((place(), value_or_time()), 0..20),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deploy.ods");
        fs::write(&path, repeated_ods(&runs)).expect("a file");
        check(&path, "Steps", &edits, Clone::clone);
    }

    #[test]
    fn a_csv_holds_exactly_the_changes(
        old in proptest::collection::vec(proptest::collection::vec("[a-z]{1,4}", 2..6), 1..8),
        delimiter in proptest::sample::select(vec![',', ';', '\t']),
        edits in proptest::collection::vec((place(), value()), 0..12),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("steps.csv");
        let text: String = old.iter().map(|row| row.join(&delimiter.to_string()) + "\n").collect();
        fs::write(&path, text).expect("a file");
        // A file of two columns may look like one of another delimiter when texts are full of that; this is refused.
        let edit = |((row, column), value): &((u32, u32), Value)| Edit {
            tab: String::new(),
            row: *row,
            column: *column,
            value: value.clone(),
        };
        let probe = folder.path().join("probe.csv");
        fs::copy(&path, &probe).expect("a copy");
        let doubtful = patch(&probe, &edits.iter().map(edit).collect::<Vec<_>>()).is_err();
        prop_assume!(!doubtful);
        check(&path, "", &edits, |value| match value {
            Value::Text(text) => Value::Text(csv_safe(text).into_owned()),
            value => Value::Text(value.to_text()),
        });
    }

    #[test]
    fn s_24_no_text_in_a_csv_is_read_as_a_formula_whatever_is_taken_for_the_separator(
        delimiter in proptest::sample::select(vec![',', ';', '\t']),
        texts in proptest::collection::vec((place(), hostile_text()), 1..8),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("steps.csv");
        fs::write(&path, ["Step", "Task", "Hosts", "Owner\n"].join(&delimiter.to_string())).expect("a file");
        let edit = |((row, column), text): ((u32, u32), String)| Edit {
            tab: String::new(), row, column, value: Value::Text(text),
        };
        let edits: Vec<_> = texts.into_iter().map(edit).collect();
        // A file whose delimiter would be in doubt is refused.
        prop_assume!(patch(&path, &edits).is_ok());
        let written = fs::read_to_string(&path).expect("text");
        for cell in seen_by_any(&written) {
            prop_assert!(!may_be_formula(&cell), "{cell:?} in {written:?}");
        }
    }
}
