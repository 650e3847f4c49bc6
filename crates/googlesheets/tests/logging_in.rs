use std::time::Duration;

use runsheet_googlesheets::{GoogleError, GoogleSheets, ServiceAccount};

use crate::stub::{EMAIL, Fault, TestKey};
use crate::{client, deploy_sheet, id, settings};

#[test]
fn one_token_is_used_until_shortly_before_its_end() {
    let stub = deploy_sheet();
    let mut google = client(&stub);
    google.read(&id()).expect("a sheet");
    google.read(&id()).expect("a sheet");
    assert_eq!(stub.state().tokens.len(), 1);

    stub.state().expires_in = 59;
    let mut google = client(&stub);
    google.read(&id()).expect("a sheet");
    google.read(&id()).expect("a sheet");
    assert_eq!(stub.state().tokens.len(), 3);
}

#[test]
fn a_token_that_is_not_taken_any_more_is_replaced() {
    let stub = deploy_sheet();
    let mut google = client(&stub);
    google.read(&id()).expect("a sheet");
    stub.fail([Fault::Expired]);
    google.read(&id()).expect("a sheet");
    assert_eq!(stub.state().tokens.len(), 2);

    stub.fail([Fault::Expired, Fault::Expired, Fault::Expired]);
    assert!(matches!(google.read(&id()), Err(GoogleError::NotLetIn { .. })));
}

#[test]
fn another_key_is_not_let_in() {
    let stub = deploy_sheet();
    let account = ServiceAccount::parse(&stub.key_file_of(&TestKey::make())).expect("an account");
    let mut google = GoogleSheets::new(account, settings(&stub)).expect("a client");
    let error = google.read(&id()).expect_err("a wrong key");
    assert_eq!(error.to_string(), format!("Google does not let `{EMAIL}` in: invalid_grant: Invalid JWT Signature."));
    assert!(error.hint().expect("a hint").contains("clock"));
    assert_eq!(stub.requests(), 0);
}

#[test]
fn an_overworked_token_endpoint_is_asked_again() {
    let stub = deploy_sheet();
    stub.state().token_faults.extend([Fault::Status(503, None), Fault::Status(429, None)]);
    client(&stub).read(&id()).expect("a sheet");
}

#[test]
fn a_key_file_that_cannot_be_used_says_why_and_nothing_of_the_key() {
    let stub = deploy_sheet();
    let good = stub.key_file();
    let cases = [
        ("{".to_owned(), "line 1 is not the JSON of a key file"),
        (good.replace("service_account", "authorized_user"), "its `type` is not `service_account`"),
        (good.replace("client_email", "email"), "it has no `client_email`"),
        (good.replace("BEGIN PRIVATE KEY", "BEGIN RSA PRIVATE KEY"), "its `private_key` is no private key in PEM"),
        (good.replace("\\n-----END", "AAAA\\n-----END"), "its `private_key` is no"),
        (good.replace("\"private_key\":\"", "\"private_key\":[\""), "is not the JSON of a key file"),
    ];
    for (file, why) in cases {
        let error = ServiceAccount::parse(&file).expect_err(why);
        let told = format!("{error} {error:?}");
        assert!(told.contains(why), "{told}");
        assert!(!told.contains("MII"), "{told}");
    }
    let account = ServiceAccount::parse(&good).expect("an account");
    assert_eq!(format!("{account:?}"), format!("ServiceAccount {{ email: \"{EMAIL}\", .. }}"));
}

#[test]
fn neither_key_nor_token_goes_where_others_can_read_it() {
    let stub = deploy_sheet();
    let abroad = stub.key_file().replace(&stub.base_url(), "http://tokens.example.com");
    let account = ServiceAccount::parse(&abroad).expect("an account");
    let refused = GoogleSheets::new(account, settings(&stub)).expect_err("a token in clear");
    assert_eq!(refused.to_string(), "`http://tokens.example.com/token` is neither `https` nor on this machine");

    let mut elsewhere = settings(&stub);
    elsewhere.base_url = "http://sheets.example.com".to_owned();
    elsewhere.deadline = Duration::from_secs(1);
    let account = ServiceAccount::parse(&stub.key_file()).expect("an account");
    assert!(matches!(GoogleSheets::new(account, elsewhere), Err(GoogleError::Insecure { .. })));
}
