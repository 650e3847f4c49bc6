//! Google Sheets, through the whole program, against a stand-in: see `crates/googlesheets/tests/stub`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::case::Case;
use crate::google::{EMAIL, GoogleStub, StubSheet, StubTab};
use crate::practice_runs::Stage;

const ID: &str = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms";

fn stub() -> GoogleStub {
    let steps: [&[&str]; 3] = [
        &["Step", "Task", "Hosts", "Args"],
        &["Restart nginx", "service.restart", "web", "name: nginx"],
        &["Restart apache", "service.restart", "web", "name: apache2"],
    ];
    let hosts: [&[&str]; 2] = [&["Group", "Host"], &["web", "web1.example.com"]];
    let tabs = vec![StubTab::of_texts(1, "Steps", &steps), StubTab::of_texts(2, "Hosts", &hosts)];
    GoogleStub::start(ID, StubSheet::new("Weekly deploy", tabs))
}

/// A project that reaches the stand-in with a key in a file.
fn project(stub: &GoogleStub) -> Case {
    let base_url = stub.base_url();
    let settings = format!("import: {{google: {{credentials: {{file: key.json}}, base_url: \"{base_url}\"}}}}\n");
    let case = Case::new().file("runsheet.yaml", settings).file("key.json", stub.key_file());
    fs::set_permissions(case.path("key.json"), fs::Permissions::from_mode(0o600)).expect("a mode");
    case
}

#[test]
fn a_google_sheet_is_imported_by_its_id_or_its_address() {
    let stub = stub();
    for named in [ID.to_owned(), format!("https://docs.google.com/spreadsheets/d/{ID}/edit#gid=1")] {
        let case = project(&stub);
        case.run(&["import", &named]).exits(0);
        let sheet = fs::read_to_string(case.path("sheets/weekly-deploy.yaml")).expect("a sheet");
        assert!(sheet.contains("Restart nginx") && sheet.contains("apache2"), "{sheet}");
        let record = fs::read_to_string(case.path("sheets/weekly-deploy.import.json")).expect("a record");
        assert!(record.contains(&format!("\"google\": \"{ID}\"")), "{record}");
        assert!(!record.contains("PRIVATE KEY"));
        case.run(&["plan", "weekly-deploy"]).exits(0);
    }
}

#[test]
fn a_google_sheet_that_is_not_shared_says_with_whom_to_share_it() {
    let stub = stub();
    stub.state().sheets.get_mut(ID).expect("it").shared = false;
    let case = project(&stub);
    let ran = case.run(&["import", ID]).exits(2);
    assert!(ran.stderr.contains(&format!("share the sheet with {EMAIL}")), "{}", ran.stderr);
    assert!(!case.path("sheets").exists());
}

#[test]
fn a_google_sheet_without_credentials_says_where_to_write_them() {
    let ran = Case::new().run(&["import", ID]).exits(2);
    assert!(ran.stderr.contains("credentials: {file: KEY.json}"), "{}", ran.stderr);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let stub = stub();
    let case = project(&stub);
    fs::set_permissions(case.path("key.json"), fs::Permissions::from_mode(0o640)).expect("a mode");
    let ran = case.run(&["import", ID]).exits(2);
    assert!(ran.stderr.contains("chmod 600"), "{}", ran.stderr);
    assert_eq!(stub.requests(), 0);
}

#[test]
fn the_timing_of_a_run_goes_back_to_the_rows_that_its_sheet_came_from() {
    let steps: [&[&str]; 3] = [
        &["Step", "Task", "Hosts", "Args"],
        &["Look", "command", "web", "echo one"],
        &["Roll", "command", "web", "test ! -e bad"],
    ];
    let stub = GoogleStub::start(ID, StubSheet::new("Weekly deploy", vec![StubTab::of_texts(1, "Steps", &steps)]));
    let (stage, base_url) = (Stage::new("web[1-3]: ok"), stub.base_url());
    fs::write(stage.host("web2").home().join("bad"), "").expect("a file");
    let settings = format!(
        "import: {{google: {{credentials: {{file: key.json}}, base_url: \"{base_url}\"}}}}\n\
         sinks:\n  - sheet: {{credentials: {{file: key.json}}, base_url: \"{base_url}\"}}\n"
    );
    let case = stage.case.file("runsheet.yaml", settings).file("key.json", stub.key_file());
    fs::set_permissions(case.path("key.json"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let stage = Stage { case, ..stage };
    stage.case.run(&["import", ID]).exits(0);
    let ran = stage.case.run_with_flags(&["run", "weekly-deploy"]).exits(5);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let run = stage.case.runs().pop().expect("a run").file_name().expect("a name").to_string_lossy().into_owned();
    let rows = |stub: &GoogleStub| -> Vec<Vec<String>> {
        let kept = stub.state();
        let tab = &kept.sheets[ID].tabs[0];
        let cell = |at: (u32, u32)| match tab.cells.get(&at).map(|cell| &cell.effective) {
            Some(value) if value["numberValue"].is_number() => value["numberValue"].to_string(),
            Some(value) => value["stringValue"].as_str().unwrap_or_default().to_owned(),
            None => String::new(),
        };
        (1..=3).map(|row| (1..=12).map(|column| cell((row, column))).collect()).collect()
    };
    let written = rows(&stub);
    for (row, ok, failed) in [(1, 3.0, 0.0), (2, 2.0, 1.0)] {
        let of = |title: &str| {
            let column = written[0].iter().position(|found| found == title).expect("a column");
            written[row][column].as_str()
        };
        let number = |title: &str| of(title).parse::<f64>().expect("a number");
        assert_eq!(of("Run"), run, "{written:?}");
        assert!((number("Hosts ok"), number("Hosts failed")) == (ok, failed), "{written:?}");
        assert_eq!(of("First error").starts_with("web2"), row == 2, "{written:?}");
    }
    // Whatever else is run goes to no spreadsheet, and a second time changes nothing.
    let before = stub.requests();
    stage.case.run_with_flags(&["exec", "-g", "web", "--", "true"]).exits(0);
    assert_eq!(stub.requests(), before);
    stage.case.run(&["sync", &run]).exits(0);
    assert_eq!(rows(&stub), written);
}
