use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use jiff::tz::TimeZone;
use runsheet_import::{ImportRecord, ImportSource};
use runsheet_model::Secret;
use runsheet_sinks::{Credentials, FileTools, SheetSettings, SheetSink, SheetSurroundings, SinkError};

use super::google_sheet::{ID, run, stub, tab};
use super::record;
use crate::google::GoogleStub;

/// A project with a sheet that came from a Google Sheet.
fn project(stub: &GoogleStub) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let record = record("Steps", &tab(stub).rows, &["stop", "start"]);
    let record = ImportRecord { source: ImportSource::Google(ID.to_owned()), ..record };
    fs::write(folder.path().join("web.import.json"), record.text()).expect("a record");
    folder
}

fn open(
    settings: &SheetSettings,
    project: &tempfile::TempDir,
    secret: Option<&Secret<String>>,
) -> Result<Option<SheetSink>, SinkError> {
    let tools = FileTools { read: |_| Err("no file".into()), patch: |_, _, _| Err("no file".into()) };
    let sheet = project.path().join("web.yaml");
    settings.open(SheetSurroundings { sheet: &sheet, root: project.path(), zone: TimeZone::UTC, secret, tools })
}

#[test]
fn a_google_sheet_is_opened_with_a_key_in_a_file_or_a_secret() {
    let stub = stub();
    let project = project(&stub);
    let key = project.path().join("key.json");
    fs::write(&key, stub.key_file()).expect("a key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    let base_url = Some(stub.base_url());
    let credentials = Some(Credentials::File("key.json".to_owned()));
    let by_file = SheetSettings { credentials, base_url: base_url.clone(), ..SheetSettings::default() };
    let error = open(&by_file, &project, None).err().expect("others can read it");
    assert!(error.to_string().contains("others can read the key"), "{error}");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    let mut sink = open(&by_file, &project, None).expect("a key").expect("a sink");
    run().deliver(&mut sink, 0, true).expect("written");

    let credentials = Some(Credentials::Secret("google".to_owned()));
    let by_secret = SheetSettings { credentials, base_url, ..SheetSettings::default() };
    assert_eq!(by_secret.secret(), Some("google"));
    assert!(open(&by_secret, &project, None).is_err());
    let secret = Secret::new(stub.key_file());
    let mut sink = open(&by_secret, &project, Some(&secret)).expect("a key").expect("a sink");
    run().deliver(&mut sink, 0, true).expect("written");
    assert!(open(&SheetSettings::default(), &project, None).is_err());
}

#[test]
fn a_sheet_that_came_from_no_spreadsheet_has_no_such_sink() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(open(&SheetSettings::default(), &folder, None).expect("nothing wrong").is_none());
}

#[test]
fn a_pace_that_is_no_length_of_time_is_a_mistake() {
    let settings = SheetSettings { every: Some("often".to_owned()), ..SheetSettings::default() };
    assert!(settings.check().is_err());
    assert_eq!(SheetSettings::default().check(), Ok(()));
    assert_eq!(SheetSink::PACE, Duration::from_secs(10));
}
