//! The forms for other programs, read by readers that are not ours where there are some.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use runsheet_report::{Cells, csv, json, junit, markdown, trace};
use serde_json::Value;

use crate::any_separator::{cells, may_be_formula};
use crate::page::{HOSTILE, context, hostile};
use crate::story::{SameOutput, Story, Try, deploy, planned};

const OUTPUT: SameOutput = SameOutput(b"no space left ]]> \xff\x00 on device\n");

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("written to memory");
    String::from_utf8(bytes).expect("text")
}

/// Runs a program with a text as its input, and returns what it printed.
fn piped(program: &str, args: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; see scripts/install-test-packages"));
    let mut stdin = child.stdin.take().expect("an input");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it wrote").expect("it was read");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn no_cell_of_a_table_is_a_formula() {
    let story = hostile();
    let table = text(|out| csv(&story.report(), Cells::Safe, out));
    let script = "import csv,json,sys; print(json.dumps(list(csv.reader(sys.stdin, strict=True))))";
    let rows: Vec<Vec<String>> =
        serde_json::from_str(&piped("/usr/bin/python3", &["-c", script], &table)).expect("rows");
    // The titles, three hosts, and the step by hand.
    assert_eq!(rows.len(), 5);
    for cell in rows.iter().flatten() {
        assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell}");
    }
    let mut formulas = Story::of("=1+1", 1, vec![planned("one", "@SUM(A1)", "command", 1)]);
    formulas.step("one", 0, 9, 1).host("one", "web1", &[Try::failed(1, 8, "  =HYPERLINK(\"x\")")]);
    let report = formulas.report();
    let table = text(|out| csv(&report, Cells::Safe, out));
    assert!(table.contains(r#""'=1+1""#) && table.contains(r#""'@SUM(A1)""#), "{table}");
    assert!(table.contains(r#""'  =HYPERLINK(""x"")""#), "{table}");
    assert!(text(|out| csv(&report, Cells::Raw, out)).contains(r#""=1+1""#));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn s_24_no_cell_of_a_table_is_read_as_a_formula_whatever_is_taken_for_the_separator(
        texts in proptest::collection::vec("([a=+@＝-]|[\"'; ,\t\r\n]|\u{feff}|\u{200b}|cmd\\|' /C calc'!A0){0,12}", 5),
        value in -3..3_i32,
    ) {
        let [sheet, step, owner, said, manual] = <[String; 5]>::try_from(texts).expect("five");
        let mut plan = vec![planned("one", &step, "command", 1), planned("two", &manual, "", 0)];
        plan[0].owner = Some(owner);
        let mut story = Story::of(&sheet, 1, plan);
        story.step("one", 0, 9, 1).step("two", 9, 20, 0);
        story.host("one", "web1", &[Try::failed(1, 8, &format!("{said}{value}"))]);
        let table = text(|out| csv(&story.report(), Cells::Safe, out));
        for cell in cells(&table) {
            prop_assert!(!may_be_formula(&cell), "{cell:?} in {table:?}");
        }
    }
}

#[test]
fn a_document_is_as_its_schema_says() {
    let document: Value =
        serde_json::from_str(&text(|out| json(&deploy().report(), &context(&OUTPUT), out))).expect("json");
    let schema = runsheet_report::schema();
    let known = schema["properties"].as_object().expect("properties");
    let fields = document.as_object().expect("an object");
    assert_eq!(fields.keys().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
    assert_eq!(document["verdict"], "outcome unknown");
    assert_eq!(document["steps"][2]["hosts"].as_array().map(Vec::len), Some(24));
    assert_eq!(document["steps"][2]["waves"][2]["hosts"], 17);
    assert_eq!(document["steps"][2]["questions"][0]["who"], "lee");
    assert_eq!(document["steps"][3]["hosts"][5]["attempts"].as_array().map(Vec::len), Some(3));
    assert_eq!(document["totals"]["lost"], 1);
}

#[test]
fn junit_is_sound_xml_that_counts_what_it_holds() {
    for story in [deploy(), hostile()] {
        let report = story.report();
        let document = text(|out| junit(&report, &context(&OUTPUT), out));
        piped("xmllint", &["--noout", "-"], &document);
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/junit.xsd");
        piped("xmllint", &["--noout", "--schema", schema, "-"], &document);
        let count = |path: &str| piped("xmllint", &["--xpath", path, "-"], &document).trim().to_owned();
        assert_eq!(count("count(//testcase)"), count("string(/testsuites/@tests)"));
        assert_eq!(count("count(//failure)"), count("string(/testsuites/@failures)"));
        assert_eq!(count("count(//error)"), count("string(/testsuites/@errors)"));
        assert_eq!(count("sum(//testsuite/@skipped)"), count("count(//skipped)"));
    }
}

#[test]
fn a_trace_nests_run_step_host_attempt_and_command() {
    let events = deploy().events();
    let written = text(|out| trace(events.into_iter().map(Ok::<_, io::Error>), out));
    let trace: Value = serde_json::from_str(&written).expect("json");
    let events = trace["traceEvents"].as_array().expect("events");
    let spans: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
    let time = |span: &Value| {
        let start = span["ts"].as_u64().expect("a start");
        (start, start + span["dur"].as_u64().expect("a length"))
    };
    let mut by_thread: std::collections::BTreeMap<u64, Vec<(u64, u64)>> = std::collections::BTreeMap::new();
    for span in &spans {
        by_thread.entry(span["tid"].as_u64().expect("a thread")).or_default().push(time(span));
    }
    for times in by_thread.values_mut() {
        times.sort_by_key(|&(start, end)| (start, std::cmp::Reverse(end)));
        let mut open: Vec<u64> = Vec::new();
        for &(start, end) in &*times {
            open.retain(|&outer| outer > start);
            assert!(open.last().is_none_or(|&outer| end <= outer), "{start}–{end} leaves what it is in");
            open.push(end);
        }
    }
    let count = |cat: &str| spans.iter().filter(|span| span["cat"] == cat).count();
    assert_eq!(["run", "step", "host", "command", "person"].map(count), [1, 4, 31, 33, 2]);
    let run = spans.iter().find(|span| span["cat"] == "run").expect("the run");
    assert_eq!(time(run), (0, 442_300_000));
    let is_name = |event: &&Value| event["ph"] == "M" && event["name"] == "thread_name";
    let names: Vec<_> = events.iter().filter(is_name).filter_map(|event| event["args"]["name"].as_str()).collect();
    assert!(names.contains(&"web01") && names.contains(&"3. Roll web"), "{names:?}");
}

#[test]
fn a_ticket_tells_the_same_in_words_and_hides_markup() {
    let ticket = text(|out| markdown(&deploy().report(), &context(&OUTPUT), out));
    assert!(ticket.starts_with("# Weekly web deploy: outcome unknown\n"), "{ticket}");
    assert!(
        ticket.contains("| 3 | Roll web | 24 ok (23 changed), waited 37.9s for a person | 4m | 4m 22s |"),
        "{ticket}"
    );
    assert!(ticket.contains("- **lost** in Restart solr: `solr03`"), "{ticket}");
    assert!(ticket.contains("- still open: `drained` on `solr06`"), "{ticket}");
    let ticket = text(|out| markdown(&hostile().report(), &context(&OUTPUT), out));
    assert!(HOSTILE.contains("<img src=x") && !ticket.lines().next().expect("a title").contains("<img"), "{ticket}");
    assert!(!ticket.contains('\u{1b}') && !ticket.contains('\u{0}'));
}
