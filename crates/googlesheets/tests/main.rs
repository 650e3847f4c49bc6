//! The client against a stand-in that follows what Google documents. It was never run against Google itself here.

mod failing;
mod logging_in;
mod reading;
mod stub;
mod writing;

use std::time::Duration;

use runsheet_googlesheets::{GoogleSettings, GoogleSheets, ServiceAccount, SpreadsheetId};

use stub::{GoogleStub, StubSheet, StubTab};

const ID: &str = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms";

/// A stand-in with a small deploy sheet.
fn deploy_sheet() -> GoogleStub {
    let rows: [&[&str]; 3] =
        [&["Step", "Task", "Hosts"], &["Stop", "apache.stop", "web"], &["Start", "apache.start", "web"]];
    GoogleStub::start(ID, StubSheet::new("Weekly deploy", vec![StubTab::of_texts(7, "Dana's steps", &rows)]))
}

fn id() -> SpreadsheetId {
    ID.parse().expect("an id")
}

/// Short enough for tests.
fn settings(stub: &GoogleStub) -> GoogleSettings {
    GoogleSettings {
        base_url: stub.base_url(),
        proxy: None,
        request_limit: Duration::from_secs(10),
        deadline: Duration::from_secs(20),
        first_pause: Duration::from_millis(1),
    }
}

fn client(stub: &GoogleStub) -> GoogleSheets {
    client_with(stub, settings(stub))
}

fn client_with(stub: &GoogleStub, settings: GoogleSettings) -> GoogleSheets {
    GoogleSheets::new(ServiceAccount::parse(&stub.key_file()).expect("an account"), settings).expect("a client")
}
