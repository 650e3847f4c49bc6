use runsheet_googlesheets::{GoogleValue, NewCell};
use serde_json::json;

use crate::stub::Fault;
use crate::{ID, client, deploy_sheet, id, settings};

fn cell(row: u32, column: u32, text: &str) -> NewCell {
    NewCell { row, column, value: GoogleValue::Text(text.to_owned()) }
}

#[test]
fn cells_are_set_as_they_are_and_no_other_is_touched() {
    let stub = deploy_sheet();
    let before = stub.state().sheets[ID].clone();
    let mut google = client(&stub);
    let tab = google.read(&id()).expect("a sheet").tabs.remove(0);
    let number = NewCell { row: 3, column: 3, value: GoogleValue::Number(20.0) };
    google.write(&id(), &tab, &[cell(2, 2, "=HYPERLINK(\"http://x\")"), cell(2, 3, ""), number]).expect("written");

    let after = stub.state().sheets[ID].clone();
    let (old, new) = (&before.tabs[0].cells, &after.tabs[0].cells);
    assert_eq!(new[&(2, 2)].effective, json!({"stringValue": "=HYPERLINK(\"http://x\")"}));
    assert_eq!(new[&(2, 2)].formula, None);
    assert_eq!(new.get(&(2, 3)), None);
    assert_eq!(new[&(3, 3)].effective, json!({"numberValue": 20.0}));
    let ours = [(2, 2), (2, 3), (3, 3)];
    for (at, cell) in old.iter().filter(|(at, _)| !ours.contains(at)) {
        assert_eq!(new.get(at), Some(cell), "{at:?}");
    }
}

#[test]
fn columns_are_added_where_the_grid_is_too_small() {
    let stub = deploy_sheet();
    let mut google = client(&stub);
    let tab = google.read(&id()).expect("a sheet").tabs.remove(0);
    google.write(&id(), &tab, &[cell(1, 4, "Started"), cell(1, 5, "Ended")]).expect("written");
    let state = stub.state();
    assert_eq!(state.sheets[ID].tabs[0].columns, 5);
    assert_eq!(state.sheets[ID].tabs[0].text(1, 5), "Ended");
}

#[test]
fn columns_whose_answer_was_lost_are_not_added_twice() {
    let stub = deploy_sheet();
    let mut settings = settings(&stub);
    settings.request_limit = std::time::Duration::from_millis(300);
    let mut google = crate::client_with(&stub, settings);
    let tab = google.read(&id()).expect("a sheet").tabs.remove(0);
    // The look is answered, the addition is done and its answer lost.
    stub.fail([Fault::None, Fault::LostAnswer]);
    google.write(&id(), &tab, &[cell(1, 6, "Run")]).expect("written");
    assert_eq!(stub.state().sheets[ID].tabs[0].columns, 6);
}
