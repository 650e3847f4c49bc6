//! What past runs say about the next one: on a practice host, with the program's own history.

use serde_json::Value;

use crate::practice_runs::Stage;
use crate::sinks::Receiver;

const SHEET: &str = "name: Weekly\nvars: {pause: '0.1'}\nsteps:\n\
    \x20 - {name: Roll web, task: command, hosts: web, expect: 10s, args: {run: 'sleep {{ vars.pause }}'}}\n";

/// A sheet that ran so often that the times of its step are known.
fn ran(times: usize) -> Stage {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    for _ in 0..times {
        let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
        assert!(
            !ran.stdout.contains("longer than usual") && !ran.stderr.contains("longer than usual"),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    }
    stage
}

#[test]
fn a_forecast_comes_from_past_runs_and_a_slow_run_is_told_and_good() {
    let stage = ran(9);
    let plan = stage.case.run(&["plan", "deploy"]).exits(0).stdout;
    assert!(plan.contains("forecast") && plan.contains("over in ") && !plan.contains("no history"), "{plan}");

    let slow = stage.case.run_with_flags(&["run", "deploy", "--set", "pause=3"]).exits(0);
    let said = format!("{}{}", slow.stdout, slow.stderr);
    assert!(said.contains("longer than usual: Roll web took 3"), "{said}");
    let shown = stage.case.run(&["show", "last"]).exits(0).stdout;
    assert!(shown.contains("longer than usual: Roll web took 3") && shown.contains("forecast"), "{shown}");

    let trend = stage.case.run(&["history", "Weekly", "--trend"]).exits(0).stdout;
    assert!(trend.contains('█') && trend.contains("steady"), "{trend}");
    stage.case.run(&["history", "--trend"]).exits(2);
}

#[test]
fn what_took_longer_stands_in_the_reports_and_goes_to_a_webhook() {
    let stage = ran(9);
    let receiver = Receiver::start();
    let address = receiver.address;
    let hook = format!("sinks:\n  - webhook: {{url: 'http://{address}/', allow_private: true, allow_http: true}}\n");
    let case = stage.case.file("runsheet.yaml", hook);
    case.run_with_flags(&["run", "deploy", "--set", "pause=3"]).exits(0);

    for format in ["html", "md"] {
        let report = case.run(&["report", "last", "--format", format]).exits(0).stdout;
        assert!(report.contains("longer than usual") && report.contains("Roll web took 3"), "{report}");
    }
    let document = case.run(&["report", "last", "--format", "json"]).exits(0).stdout;
    let document: Value = serde_json::from_str(&document).expect("json");
    assert_eq!(document["verdict"], "ok");
    assert!(document["warnings"].to_string().contains("longer than usual: Roll web took 3"), "{document}");

    let events: Vec<Value> = receiver
        .posts()
        .iter()
        .flat_map(|post| post.body["events"].as_array().cloned().unwrap_or_default())
        .filter(|event| event["event"] == "took_longer")
        .collect();
    // The step, and its one host.
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["step"], "roll-web", "{events:?}");
    assert!(events[0]["took_ms"].as_u64() > Some(3_000), "{events:?}");
}

#[test]
fn a_forecast_without_history_is_the_sheets() {
    let stage = ran(0);
    let plan = stage.case.run(&["plan", "deploy"]).exits(0).stdout;
    assert!(plan.contains("no history yet: the sheet's expected times are used\nover in 10"), "{plan}");
    assert!(!plan.contains("forecast") && !stage.case.state().join("history.sqlite").exists(), "{plan}");
}

#[test]
fn a_forecast_is_not_worth_a_run_where_the_history_is_broken() {
    let stage = ran(1);
    let history = stage.case.state().join("history.sqlite");
    for ending in ["-wal", "-shm"] {
        _ = std::fs::remove_file(format!("{}{ending}", history.display()));
    }
    std::fs::write(&history, "no database at all, and long enough to be read as one").expect("a file");
    stage.case.run(&["plan", "deploy"]).exits(0).says("nothing is forecast");
    stage.case.run_with_flags(&["run", "deploy"]).exits(0).says("nothing is forecast");
}
