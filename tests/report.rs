//! Reports of a run that was: on practice hosts, one of which fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::practice_runs::Stage;

const SHEET: &str = "name: Weekly <deploy>\nsteps:\n\
    \x20 - {name: First, task: command, hosts: web, expect: 10s, args: {run: 'echo \"<script>alert(1)</script>\"'}}\n\
    \x20 - {name: Second, task: command, hosts: web, args: {run: echo second >>log}}\n";

fn ran() -> Stage {
    let stage = Stage::new("web[1-4]: ok; web2: exit 3").sheet(SHEET);
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    stage
}

#[test]
fn a_run_is_reported_in_every_form() {
    let stage = ran();
    let report = |format: &str| stage.case.run(&["report", "last", "--format", format]).exits(0).stdout;
    let page = report("html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Weekly &lt;deploy&gt;"), "{page}");
    assert!(page.contains("default-src 'none'") && !page.contains("<script"), "{page}");
    assert!(page.contains("web2") && page.contains("not begun"), "{page}");

    let ticket = report("md");
    assert!(ticket.starts_with("# Weekly &lt;deploy\\>: failed\n") && ticket.contains("`web2`"), "{ticket}");

    // The titles, and the four hosts of the step that was begun.
    let table = report("csv");
    assert_eq!(table.lines().filter(|line| line.contains("\"first\"")).count(), 4, "{table}");
    assert!(table.contains("\"web2\",\"failed\",\"3\""), "{table}");

    let document: Value = serde_json::from_str(&report("json")).expect("json");
    assert_eq!((document["verdict"].as_str(), &document["totals"]["failed"]), (Some("failed"), &Value::from(1)));
    assert_eq!(document["failures"][0]["hosts"][0], "web2");

    let junit = report("junit");
    assert_eq!(junit.matches("<failure ").count(), 1, "{junit}");
    let trace: Value = serde_json::from_str(&report("trace")).expect("json");
    let commands = trace["traceEvents"].as_array().expect("events").iter().filter(|event| event["cat"] == "command");
    assert!(commands.count() >= 4, "{trace}");
}

#[test]
fn a_report_is_written_to_a_file_whole_and_again() {
    let stage = ran();
    let path = stage.case.path("out.html");
    for _ in 0..2 {
        let ran = stage.case.run(&["report", "-o", "out.html"]).exits(0);
        assert_eq!(ran.stdout, "");
        assert!(fs::read_to_string(&path).expect("a page").ends_with("</html>"));
    }
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o111, 0);
    stage.case.run(&["report", "-o", "missing/out.html"]).exits(1).says("missing/out.html");
    stage.case.run(&["report", "ffffffff"]).exits(2).says("no run `ffffffff`");
    stage.case.run(&["report", "--raw-csv"]).exits(2).says("--format csv");
}

#[test]
fn the_document_has_a_schema() {
    let stage = Stage::new("web1: ok");
    let schema: Value = serde_json::from_str(&stage.case.run(&["schema", "report"]).exits(0).stdout).expect("json");
    assert!(schema["properties"]["steps"].is_object(), "{schema}");
}
