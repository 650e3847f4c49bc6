use std::time::Duration;

use runsheet_practice::{Fault, Fleet, PracticeError};

use crate::client::run;

#[tokio::test]
async fn a_scenario_makes_hosts_and_the_later_entry_counts() {
    let fleet = Fleet::builder()
        .scenario("web[1-4]: ok; web2: exit 1; db[08-10]: exit 2; ;")
        .expect("a scenario")
        .start()
        .await
        .expect("a fleet");
    let names: Vec<&str> = fleet.hosts().iter().map(runsheet_practice::PracticeHost::name).collect();
    assert_eq!(names, ["web1", "web2", "web3", "web4", "db08", "db09", "db10"]);
    for (name, code) in [("web1", 0), ("web2", 1), ("db09", 2)] {
        assert_eq!(run(&fleet, name, "true").await.status.code(), Some(code), "{name}");
    }
}

#[test]
fn every_word_of_a_fault_is_understood() {
    let words = [
        ("refuse", Fault::Refuse),
        ("silent", Fault::Silent),
        ("slow 200ms", Fault::Slow(Duration::from_millis(200))),
        ("slow  2s", Fault::Slow(Duration::from_secs(2))),
        ("slow 1m", Fault::Slow(Duration::from_mins(1))),
        ("wrong-key", Fault::WrongKey),
        ("exit 3", Fault::ExitCode(3)),
        ("cut", Fault::CutAfterExec),
        ("cut-after 100", Fault::CutAfter(100)),
        ("close", Fault::CloseWithoutStatus),
        (" deny ", Fault::DenyLogin),
        ("throttle", Fault::Throttle),
        ("fail systemctl restart", Fault::FailCommands("systemctl restart".to_owned())),
    ];
    for (text, fault) in words {
        assert_eq!(text.parse::<Fault>().expect(text), fault);
    }
}

#[test]
fn a_text_that_is_no_fault_is_refused() {
    let texts = [
        "",
        "ok",
        "Refuse",
        "refuse now",
        "exit",
        "exit -1",
        "exit 4294967296",
        "slow",
        "slow 200",
        "slow ms",
        "slow 1h",
        "slow 99999999999999999999s",
        "slow 9999999999999999999m",
        "cut-after some",
        "fail",
    ];
    for text in texts {
        assert!(text.parse::<Fault>().is_err(), "{text}");
    }
}

#[test]
fn a_wrong_entry_of_a_scenario_is_named() {
    let entries = [
        ("web1", "entry `web1` of the scenario is wrong: it is not of the form `pattern: word`"),
        ("web[1: ok", "entry `web[1: ok` of the scenario is wrong: its `[` has no `]`"),
        ("web[1]: ok", "entry `web[1]: ok` of the scenario is wrong: a range looks like `[1-4]`"),
        ("web[4-1]: ok", "entry `web[4-1]: ok` of the scenario is wrong: its range runs backwards"),
        (
            "web[1-x]: ok",
            "entry `web[1-x]: ok` of the scenario is wrong: a range is made of two numbers, as in `[1-4]`",
        ),
        ("web[1-99999999999]: ok", "entry `web[1-99999999999]: ok` of the scenario is wrong: its range is too long"),
        ("web1: broken", "entry `web1: broken` of the scenario is wrong"),
    ];
    for (entry, message) in entries {
        let scenario = format!("db1: ok; {entry}");
        let error = Fleet::builder().scenario(&scenario).expect_err(entry);
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn a_name_that_could_leave_the_folder_is_refused() {
    for name in ["", ".", "..", "../x", "a/b", "-x", "web 1", "web1\n", "wéb"] {
        let error = Fleet::builder().host(name).start().await.expect_err(name);
        assert!(matches!(error, PracticeError::HostName { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_fault_of_a_host_that_is_not_there_is_refused() {
    let builder = Fleet::builder().host("web1").fault("web2", Fault::Refuse);
    let error = builder.start().await.expect_err("a mistake");
    assert_eq!(error.to_string(), "no host of the fleet is called `web2`");
}
