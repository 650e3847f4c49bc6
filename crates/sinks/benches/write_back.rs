//! How long it takes the sheet sink to bring the timing of a finished run of 5,000 steps back to its spreadsheet: what `runsheet sync` does.
//!
//! `cargo bench -p runsheet-sinks` prints a table. In the time are: reading the record's events from their lines, folding them, reading the
//! spreadsheet, finding each row, and replacing the file by one with eight columns more, synced to the disk. What must hold: less than 2 s.

#[path = "../tests/sheet/run.rs"]
#[expect(dead_code, reason = "the tests tell of more")]
mod run;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use runsheet_events::{Position, RunEvent, RunStats, decode, encode};
use runsheet_import::{ImportRecord, ImportSource, StepRecord, StepsTab};
use runsheet_model::RunId;
use runsheet_sinks::{FileTarget, SheetSink, Sink, View};
use runsheet_workbook::Workbook;

use crate::run::Run;

const STEPS: usize = 5_000;

/// How often each is measured; the median counts.
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = folder.path().join("steps.csv");
    fs::write(&csv, steps()).expect("a file");
    // The second is the later one.
    let (first, second) = (Recorded::new(), Recorded::new());
    print("| kind | steps | events | size KiB | written ms | nothing to write ms | by a later run ms |");
    print("|---|---|---|---|---|---|---|");
    for kind in ["csv", "xlsx", "ods"] {
        if kind != "csv" && !converted(folder.path(), &csv, kind) {
            continue;
        }
        let path = folder.path().join(format!("steps.{kind}"));
        let original = fs::read(&path).expect("a file");
        let record = record(&path);
        let (mut new, mut same, mut later) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            fs::write(&path, &original).expect("a file");
            new.push(first.written(&record, &path));
            same.push(first.written(&record, &path));
            later.push(second.written(&record, &path));
        }
        let rows = &Workbook::read(&path).expect("a workbook").tabs[0].rows;
        assert!(rows.iter().skip(1).all(|row| row.cells.len() >= 8 + 6), "not all of it is there");
        // The others are made of the first.
        fs::write(&path, &original).expect("a file");
        let events = first.lines.len();
        let size = original.len() / 1_024;
        let [new, same, later] = [new, same, later].map(median);
        print(&format!("| {kind} | {STEPS} | {events} | {size} | {new} | {same} | {later} |"));
    }
}

/// A run as its record has it.
struct Recorded {
    id: RunId,
    lines: Vec<String>,
}

impl Recorded {
    fn new() -> Self {
        let ids: Vec<String> = (1..=STEPS).map(|number| format!("roll-{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut run = Run::of(&ids);
        for (number, id) in ids.iter().enumerate() {
            let said = number.is_multiple_of(50).then_some("disk full on /var");
            run.step(id, Duration::from_secs(30 + number as u64 % 600), said);
        }
        run.end();
        let lines = run.events.iter().map(|event| encode(event).expect("a line")).collect();
        Self { id: run.id, lines }
    }

    /// How long it takes to bring it to a spreadsheet.
    fn written(&self, record: &ImportRecord, path: &Path) -> Duration {
        let started = Instant::now();
        let events: Vec<RunEvent> = self.lines.iter().map(|line| decode(line).expect("an event")).collect();
        let mut stats = RunStats::default();
        for event in &events {
            stats.apply(event);
        }
        let target = FileTarget::new(path.to_owned(), "steps");
        let mut sink = SheetSink::new(Box::new(target), record.clone(), TimeZone::UTC, SheetSink::PACE);
        let view = View { run: self.id, stats: &stats, position: Position::default(), over: true };
        sink.deliver(&view, &events).expect("written");
        let took = started.elapsed();
        assert_eq!(sink.remarks(), [""; 0]);
        took
    }
}

/// What the import would have put on record of the file.
fn record(path: &Path) -> ImportRecord {
    let workbook = Workbook::read(path).expect("a workbook");
    let tab = &workbook.tabs[0];
    let columns = [("name", 1), ("task", 3), ("hosts", 4)];
    let columns: BTreeMap<String, u32> = columns.map(|(word, column)| (word.to_owned(), column)).into();
    let steps = StepsTab { tab: tab.name.clone(), header_row: 1, columns, rows: Vec::new() };
    let source = ImportSource::File(PathBuf::from("steps"));
    let mut record = ImportRecord { version: 1, source, title: "Weekly".to_owned(), steps, hosts: None };
    let rows = tab.rows.iter().filter(|row| row.number > 1).enumerate();
    record.steps.rows = rows
        .map(|(number, row)| StepRecord {
            id: format!("roll-{}", number + 1),
            row: row.number,
            fingerprint: record.fingerprint(row),
            fields: serde_json::Map::new(),
        })
        .collect();
    record
}

/// A real one, if LibreOffice is here.
fn converted(folder: &Path, csv: &Path, kind: &str) -> bool {
    let made = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", folder.join("profile").display()))
        .args(["--headless", "--convert-to", kind, "--outdir"])
        .args([folder, csv])
        .output();
    made.is_ok_and(|made| made.status.success())
}

/// A sheet with what people write into it.
fn steps() -> String {
    let mut text = String::from("Step,Description,Task,Hosts,Args,Owner,Expected,Notes\n");
    for step in 1..=STEPS {
        text.push_str(&format!(
            "roll-{step},Roll out release {step} on the web hosts,release.deploy,web[01-20],artifact: web-{step}.tar.gz,platform,12m,note {step}\n"
        ));
    }
    text
}

fn median(mut rounds: Vec<Duration>) -> u128 {
    rounds.sort();
    rounds[rounds.len() / 2].as_millis()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn print(line: &str) {
    println!("{line}");
}
