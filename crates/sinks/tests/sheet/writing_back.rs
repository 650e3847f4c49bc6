use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use runsheet_sinks::{SheetSink, Sink};
use runsheet_workbook::Value;

use super::memory::Memory;
use super::run::Run;
use super::{record, text};

const ROWS: [&[&str]; 4] = [
    &["Step", "Task", "Hosts", "Owner", "Started"],
    &["Stop", "apache.stop", "web", "dana", "last week"],
    &["Deploy", "release.deploy", "web", "eli"],
    &["Start", "apache.start", "web", "dana"],
];
const STEPS: [&str; 3] = ["stop", "deploy", "start"];

fn sink(memory: &Memory) -> SheetSink {
    sink_with(memory, Duration::ZERO)
}

fn sink_with(memory: &Memory, pace: Duration) -> SheetSink {
    let zone = TimeZone::fixed(Offset::constant(1));
    SheetSink::new(Box::new(memory.clone()), record("Steps", &rows_as_imported(), &STEPS), zone, pace)
}

fn rows_as_imported() -> Vec<runsheet_workbook::Row> {
    Memory::of(&ROWS).tab().rows
}

fn whole_run() -> Run {
    let mut run = Run::of(&STEPS);
    run.step("stop", Duration::from_mins(11), None);
    run.step("deploy", Duration::from_mins(5), Some("disk full\non /var"));
    run.end();
    run
}

#[test]
fn timing_goes_to_the_rows_of_the_steps_and_nowhere_else() {
    let memory = Memory::of(&ROWS);
    let before = memory.all();
    let run = whole_run();
    run.deliver(&mut sink(&memory), 0, true).expect("written");

    let titles: Vec<_> = (5..=12).map(|column| memory.get(1, column)).collect();
    let expected = ["Started", "Ended", "Elapsed", "Hosts ok", "Hosts failed", "First error", "Run", "Forecast error"];
    assert_eq!(titles, expected.map(|title| Some(text(title))));
    let row = |row| (5..=12).map(|column| memory.get(row, column)).collect::<Vec<_>>();
    let id = run.id.to_string();
    let moment = |moment: &str| Some(Value::DateTime(format!("2026-11-26T{moment}")));
    assert_eq!(
        row(2),
        [
            moment("03:00:00"),
            moment("03:11:00"),
            Some(Value::Duration(Duration::from_mins(11))),
            Some(Value::Number(2.0)),
            Some(Value::Number(0.0)),
            None,
            Some(text(&id)),
            Some(text("10% slower")),
        ]
    );
    assert_eq!(
        row(3),
        [
            moment("03:11:00"),
            moment("03:16:00"),
            Some(Value::Duration(Duration::from_mins(5))),
            Some(Value::Number(1.0)),
            Some(Value::Number(1.0)),
            Some(text("web2: disk full on /var")),
            Some(text(&id)),
            Some(text("50% faster")),
        ]
    );
    // It was planned and never began: what an earlier run left is gone, and the run stands there.
    assert_eq!(row(4), [None, None, None, None, None, None, Some(text(&id)), None]);
    for (at, value) in before.iter().filter(|(at, _)| at.1 < 5 || at.0 == 1) {
        assert_eq!(memory.all().get(at), Some(value), "{at:?}");
    }
}

#[test]
fn twice_is_as_once() {
    let memory = Memory::of(&ROWS);
    let run = whole_run();
    run.deliver(&mut sink(&memory), 0, true).expect("written");
    let once = memory.all();
    run.deliver(&mut sink(&memory), run.events.len(), true).expect("nothing to write");
    assert_eq!(memory.all(), once);
    assert_eq!(memory.writes(), 1);
}

#[test]
fn a_row_that_was_changed_is_reported_and_never_overwritten() {
    let memory = Memory::of(&ROWS);
    memory.set(3, 3, "solr");
    let before = memory.all();
    let mut sink = sink(&memory);
    whole_run().deliver(&mut sink, 0, true).expect("written");
    let told = "`deploy.xlsx`, tab `Steps`, row 3: it was changed since the import, and the timing of step `deploy` is not \
                written there; import it again";
    assert_eq!(sink.remarks(), [told]);
    let of_row = |cells: &std::collections::BTreeMap<(u32, u32), Value>| {
        cells.iter().filter(|(at, _)| at.0 == 3).map(|(at, value)| (*at, value.clone())).collect::<Vec<_>>()
    };
    assert_eq!(of_row(&memory.all()), of_row(&before));
    assert!(memory.get(2, 6).is_some() && memory.get(4, 11).is_some());
}

#[test]
fn a_row_that_was_moved_is_followed() {
    let memory = Memory::of(&ROWS);
    memory.insert_row(3);
    memory.set(3, 1, "A new step that nobody imported");
    let mut sink = sink(&memory);
    whole_run().deliver(&mut sink, 0, true).expect("written");
    assert_eq!(sink.remarks(), Vec::<String>::new());
    assert_eq!(memory.get(4, 10), Some(text("web2: disk full on /var")));
    assert_eq!(memory.get(3, 11), None);
}

#[test]
fn rows_that_read_the_same_are_told_apart_by_their_order() {
    let same: [&[&str]; 3] =
        [&["Step", "Task", "Hosts"], &["Check", "http.check", "web"], &["Check", "http.check", "web"]];
    let memory = Memory::of(&same);
    let record_of = || record("Steps", &Memory::of(&same).tab().rows, &["check", "check-2"]);
    memory.insert_row(2);
    memory.set(2, 1, "Something else");
    let mut run = Run::of(&["check", "check-2"]);
    run.step("check", Duration::from_mins(1), None);
    run.step("check-2", Duration::from_mins(2), None);
    let mut sink = SheetSink::new(Box::new(memory.clone()), record_of(), TimeZone::UTC, Duration::ZERO);
    run.deliver(&mut sink, 0, true).expect("written");
    assert_eq!(memory.get(3, 6), Some(Value::Duration(Duration::from_mins(1))));
    assert_eq!(memory.get(4, 6), Some(Value::Duration(Duration::from_mins(2))));

    // A copy of one of them: now only those that stand where they stood are known.
    memory.set(5, 1, "Check");
    memory.set(5, 2, "http.check");
    memory.set(5, 3, "web");
    let mut sink = SheetSink::new(Box::new(memory.clone()), record_of(), TimeZone::UTC, Duration::ZERO);
    run.deliver(&mut sink, 0, true).expect("written");
    assert_eq!(sink.remarks().len(), 1);
}

#[test]
fn columns_that_were_moved_are_an_error_and_nothing_is_written() {
    let memory =
        Memory::of(&[&["New", "Step", "Task"], &["", "Stop", "apache.stop"], &["", "Deploy", "release.deploy"]]);
    let before = memory.all();
    let error = whole_run().deliver(&mut sink(&memory), 0, true).expect_err("other columns");
    assert!(error.to_string().contains("no row is what was imported"), "{error}");
    assert!(!error.is_passing());
    assert_eq!(memory.all(), before);
}

#[test]
fn an_older_run_never_overwrites_a_later_one() {
    let memory = Memory::of(&ROWS);
    let older = whole_run();
    std::thread::sleep(Duration::from_millis(2));
    let mut later = Run::of(&["stop"]);
    later.step("stop", Duration::from_mins(9), None);
    later.deliver(&mut sink(&memory), 0, true).expect("written");
    let mut sink = sink(&memory);
    older.deliver(&mut sink, 0, true).expect("written");
    assert_eq!(memory.get(2, 7), Some(Value::Duration(Duration::from_mins(9))));
    assert_eq!(memory.get(3, 7), Some(Value::Duration(Duration::from_mins(5))));
    let told = format!("`deploy.xlsx`, tab `Steps`, row 2: it shows the later run {}, and keeps it", later.id);
    assert_eq!(sink.remarks(), [told]);
}

#[test]
fn it_writes_no_more_often_than_its_pace_and_always_at_the_end() {
    let memory = Memory::of(&ROWS);
    let mut sink = sink_with(&memory, Duration::from_hours(1));
    let mut run = Run::of(&STEPS);
    run.deliver(&mut sink, 0, false).expect("written");
    assert_eq!(memory.writes(), 1);
    for step in STEPS {
        let from = run.events.len();
        run.step(step, Duration::from_mins(1), None);
        run.deliver(&mut sink, from, false).expect("put off");
    }
    assert_eq!(memory.writes(), 1);
    run.end();
    run.deliver(&mut sink, run.events.len() - 1, true).expect("written");
    assert_eq!(memory.writes(), 2);
    assert_eq!(memory.get(4, 8), Some(Value::Number(2.0)));
}

#[test]
fn what_could_not_be_written_is_written_later_by_somebody_else() {
    let memory = Memory::of(&ROWS);
    memory.lock(true);
    let run = whole_run();
    let error = run.deliver(&mut sink(&memory), 0, true).expect_err("open elsewhere");
    assert!(error.is_passing());
    memory.lock(false);
    // Another process is shown again what was delivered, and told that the run is over.
    run.deliver(&mut sink(&memory), run.events.len(), true).expect("written");
    assert_eq!(memory.get(3, 10), Some(text("web2: disk full on /var")));
}

#[test]
fn a_first_error_is_one_line_of_at_most_200_characters() {
    let memory = Memory::of(&ROWS);
    let mut run = Run::of(&STEPS);
    let said = format!("first\x1b[31m line\nsecond {}", "x".repeat(100_000));
    run.step("stop", Duration::from_mins(1), Some(&said));
    run.deliver(&mut sink(&memory), 0, true).expect("written");
    let Some(Value::Text(told)) = memory.get(2, 10) else { panic!("no error") };
    assert!(told.starts_with("web2: first\\x1b[31m line second xxx"), "{told}");
    assert_eq!(told.chars().count(), 201);
    assert!(!told.contains(char::is_control));
}
