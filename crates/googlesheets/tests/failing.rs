use std::time::{Duration, Instant};

use runsheet_googlesheets::{GoogleError, GoogleSettings, GoogleValue, NewCell};

use crate::stub::{EMAIL, Fault, GoogleStub};
use crate::{ID, client, client_with, deploy_sheet, id, settings};

#[test]
fn quota_errors_and_failures_are_tried_again() {
    let stub = deploy_sheet();
    let mut google = client(&stub);
    let tab = google.read(&id()).expect("a sheet").tabs.remove(0);
    stub.fail([429, 500, 502, 503].map(|status| Fault::Status(status, None)));
    let cell = NewCell { row: 2, column: 3, value: GoogleValue::Text("once".to_owned()) };
    google.write(&id(), &tab, &[cell]).expect("written");
    assert_eq!(stub.state().sheets[ID].tabs[0].text(2, 3), "once");
    assert_eq!(stub.requests(), 6);
}

#[test]
fn a_quota_that_stays_used_up_is_told_after_a_bounded_number_of_attempts() {
    let stub = deploy_sheet();
    stub.fail(vec![Fault::Status(429, None); 100]);
    let error = client(&stub).read(&id()).expect_err("no quota");
    assert_eq!(
        error.to_string(),
        "the quota of the Google Sheets API is used up, after 7 attempts: \
         Quota exceeded for quota metric 'Write requests' (RESOURCE_EXHAUSTED)"
    );
    assert_eq!(stub.requests(), 7);
}

#[test]
fn who_asks_to_be_left_alone_longer_than_there_is_time_is_left_alone() {
    let stub = deploy_sheet();
    stub.fail([Fault::Status(503, Some("3600"))]);
    let error = client(&stub).read(&id()).expect_err("not in time");
    assert!(matches!(error, GoogleError::OutOfOrder { status: 503, tries: 1, .. }), "{error}");
    assert_eq!(stub.requests(), 1);
}

#[test]
fn retry_after_is_honoured() {
    let stub = deploy_sheet();
    stub.fail([Fault::Status(429, Some("1"))]);
    let began = Instant::now();
    client(&stub).read(&id()).expect("a sheet");
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn silence_ends_at_the_deadline() {
    let stub = deploy_sheet();
    stub.fail(vec![Fault::Silence; 100]);
    let short = GoogleSettings {
        request_limit: Duration::from_millis(200),
        deadline: Duration::from_millis(900),
        ..settings(&stub)
    };
    let error = client_with(&stub, short).read(&id()).expect_err("silence");
    assert!(matches!(error, GoogleError::TimedOut { .. }), "{error}");
    assert!(stub.requests() >= 2);
}

#[test]
fn a_sheet_that_is_not_shared_says_with_whom_to_share_it() {
    let stub = deploy_sheet();
    stub.state().sheets.get_mut(ID).expect("it").shared = false;
    let error = client(&stub).read(&id()).expect_err("not shared");
    let told = "may not open or change this Google Sheet: The caller does not have permission (PERMISSION_DENIED)";
    assert_eq!(error.to_string(), format!("`{EMAIL}` {told}"));
    assert_eq!(error.hint(), Some(format!("share the sheet with {EMAIL}, as an editor")));
    assert_eq!(stub.requests(), 1);
}

#[test]
fn a_sheet_that_is_not_there_is_named() {
    let stub = deploy_sheet();
    let error = client(&stub).read(&"gone".parse().expect("an id")).expect_err("no sheet");
    assert_eq!(error.to_string(), "there is no Google Sheet `gone`");
}

#[test]
fn a_redirect_is_not_followed() {
    let (stub, other) = (deploy_sheet(), deploy_sheet());
    stub.fail([Fault::Redirect(format!("{}/v4/spreadsheets/{ID}", other.base_url()))]);
    let error = client(&stub).read(&id()).expect_err("a redirect");
    assert!(matches!(error, GoogleError::Refused { status: 307, .. }), "{error}");
    assert_eq!(other.requests(), 0);
}

#[test]
fn an_answer_without_end_is_cut() {
    let stub = deploy_sheet();
    stub.fail([Fault::Endless]);
    let error = client(&stub).read(&id()).expect_err("no end");
    assert_eq!(error.to_string(), "the answer is larger than 128 MiB");
}

#[test]
fn a_token_that_an_answer_repeats_is_not_told() {
    let stub: GoogleStub = deploy_sheet();
    stub.fail([Fault::Echo]);
    let error = client(&stub).read(&id()).expect_err("refused");
    assert_eq!(error.to_string(), "Google refused the request with 400: what is Bearer ***? (INVALID_ARGUMENT)");
    assert!(!format!("{error:?}").contains("ya29"));
}
