//! Against a stand-in for Google: see `crates/googlesheets/tests/stub`.

use std::time::Duration;

use jiff::tz::TimeZone;
use runsheet_googlesheets::{GoogleSettings, GoogleSheets, ServiceAccount};
use runsheet_sinks::{GoogleTarget, SheetSink, SheetTarget};
use runsheet_workbook::Tab;

use super::record;
use super::run::Run;
use crate::google::{Fault, GoogleStub, StubSheet, StubTab};

pub(crate) const ID: &str = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms";

pub(crate) fn stub() -> GoogleStub {
    let rows: [&[&str]; 3] =
        [&["Step", "Task", "Hosts"], &["Stop", "apache.stop", "web"], &["Start", "apache.start", "web"]];
    GoogleStub::start(ID, StubSheet::new("Weekly deploy", vec![StubTab::of_texts(7, "Steps", &rows)]))
}

fn target(stub: &GoogleStub) -> GoogleTarget {
    let settings = GoogleSettings {
        base_url: stub.base_url(),
        request_limit: Duration::from_secs(5),
        deadline: Duration::from_secs(10),
        first_pause: Duration::from_millis(1),
        ..GoogleSettings::default()
    };
    let account = ServiceAccount::parse(&stub.key_file()).expect("an account");
    GoogleTarget::new(GoogleSheets::new(account, settings).expect("a client"), ID.parse().expect("an id"))
}

pub(crate) fn tab(stub: &GoogleStub) -> Tab {
    target(stub).read("Steps").expect("a tab")
}

fn sink(stub: &GoogleStub) -> SheetSink {
    let record = record("Steps", &tab(stub).rows, &["stop", "start"]);
    SheetSink::new(Box::new(target(stub)), record, TimeZone::UTC, SheetSink::PACE)
}

pub(crate) fn run() -> Run {
    let mut run = Run::of(&["stop", "start"]);
    run.step("stop", Duration::from_mins(12), Some("=HYPERLINK(\"http://evil\")"));
    run.end();
    run
}

#[test]
fn a_google_sheet_gets_its_columns_and_its_timing_through_quota_errors() {
    let stub = stub();
    let mut sink = sink(&stub);
    stub.fail([429, 500, 503].map(|status| Fault::Status(status, None)));
    let run = run();
    run.deliver(&mut sink, 0, true).expect("written");
    let state = stub.state();
    let tab = &state.sheets[ID].tabs[0];
    let row: Vec<&str> = (4..=6).chain(9..=11).map(|column| tab.text(2, column)).collect();
    let error = "web2: =HYPERLINK(\"http://evil\")";
    let id = run.id.to_string();
    assert_eq!(row, ["2026-11-26 02:00:00", "2026-11-26 02:12:00", "0:12:00", error, &id, "20% slower"]);
    assert_eq!(tab.text(1, 4), "Started");
    assert_eq!(tab.text(3, 10), id);
    assert!(tab.cells.values().all(|cell| cell.formula.is_none()));
}

#[test]
fn twice_writes_once() {
    let stub = stub();
    let mut first = sink(&stub);
    let run = run();
    run.deliver(&mut first, 0, true).expect("written");
    let once = stub.state().sheets[ID].tabs[0].cells.clone();
    let posts = |stub: &GoogleStub| stub.state().asked.iter().filter(|asked| asked.method == "POST").count();
    let before = posts(&stub);
    run.deliver(&mut first, run.events.len(), true).expect("nothing to write");
    assert_eq!(posts(&stub), before);
    assert_eq!(stub.state().sheets[ID].tabs[0].cells, once);
}

#[test]
fn a_sheet_that_is_not_shared_is_a_refusal_with_the_way_out_of_it() {
    let stub = stub();
    let mut sink = sink(&stub);
    stub.state().sheets.get_mut(ID).expect("it").shared = false;
    let error = run().deliver(&mut sink, 0, true).expect_err("not shared");
    assert!(!error.is_passing());
    assert!(error.to_string().contains("share the sheet with deploys@"), "{error}");
}
