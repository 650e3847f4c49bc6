//! Events as lines in files and pipes: whole, and each once.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::SystemTime;

use runsheet_events::EventKind;
use runsheet_model::{RunId, SinkName};
use runsheet_sinks::{Drive, SinkSettings, StandingFile, Surroundings};
use serde_json::{Value, json};

use crate::sample::{Record, planned, started};

/// A run with this many warnings of so many characters.
fn record(run: RunId, warnings: usize, length: usize) -> Arc<Record> {
    let record = Arc::new(Record::default());
    record.add(SystemTime::now(), started(run, "run", vec![planned("a", None, None)]));
    for _ in 0..warnings {
        record.add(SystemTime::now(), EventKind::Warned { message: "x".repeat(length) });
    }
    record
}

fn drive(run: RunId, record: &Arc<Record>, folder: &Path, settings: &Value) -> Drive {
    let settings: SinkSettings = serde_json::from_value(json!({"ndjson": settings})).expect("settings");
    let surroundings = Surroundings { root: folder.to_owned(), ..Surroundings::default() };
    let sink = settings.open(&surroundings).expect("a sink");
    let name = SinkName::new("ndjson").expect("a name");
    let file = StandingFile::open(&folder.join(run.to_string()), &name, "ndjson").expect("a file");
    Drive::new(record.clone(), run, sink.expect("it has something to do"), file)
}

/// The numbers of the events of a run, in their order; every line has to be whole.
fn numbers(text: &str, run: RunId) -> Vec<u64> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a whole line"));
    lines.filter(|line| line["run"] == run.to_string()).map(|line| line["seq"].as_u64().expect("a number")).collect()
}

#[test]
fn what_a_killed_process_had_written_is_not_written_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let (one, other) = (RunId::fresh(), RunId::fresh());
    let (first, second) = (record(one, 300, 10), record(other, 3, 10));
    let settings = json!({"path": "log"});
    drive(one, &first, folder.path(), &settings).catch_up(true).expect("it is written");
    drive(other, &second, folder.path(), &settings).catch_up(true).expect("it is written");
    let whole = fs::read_to_string(&path).expect("a file");
    assert_eq!(numbers(&whole, one), (1..=301).collect::<Vec<_>>());
    assert_eq!(numbers(&whole, other), (1..=4).collect::<Vec<_>>());
    // As if it had been killed between writing and saying so.
    fs::remove_dir_all(folder.path().join(one.to_string())).expect("it is removed");
    drive(one, &first, folder.path(), &settings).catch_up(true).expect("it is written");
    assert_eq!(fs::read_to_string(&path).expect("a file"), whole);
    // As if it had been killed, or the power had gone, while it wrote its last line.
    let torn = whole.trim_end();
    fs::write(&path, &torn[..torn.len() - 5]).expect("it is written");
    fs::remove_dir_all(folder.path().join(other.to_string())).expect("it is removed");
    drive(other, &second, folder.path(), &settings).catch_up(true).expect("it is written");
    let text = fs::read_to_string(&path).expect("a file");
    let sound: Vec<_> = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).collect();
    assert_eq!(text.lines().count(), sound.len() + 1, "the torn line stays as it was");
    assert_eq!(numbers(&sound.join("\n"), other), (1..=4).collect::<Vec<_>>());
}

#[test]
fn the_next_reader_of_a_pipe_begins_with_a_whole_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
    let run = RunId::fresh();
    // Far more than a pipe holds.
    let record = record(run, 200, 4000);
    let mut drive = drive(run, &record, folder.path(), &json!({"pipe": "fifo"}));
    drive.catch_up(false).expect_err("nobody reads it");
    // O_RDWR: opening a FIFO to read waits for a writer.
    let reader = File::options().read(true).write(true).open(&path).expect("a FIFO");
    let impatient = thread::spawn(move || {
        let mut reader = reader;
        reader.read_exact(&mut [0; 1000]).expect("a beginning");
    });
    drive.catch_up(false).expect_err("its reader went away");
    impatient.join().expect("it has read");
    let reader = thread::spawn(move || fs::read_to_string(path).expect("a FIFO"));
    while let Err(error) = drive.catch_up(true) {
        assert!(error.is_passing(), "{error}");
        thread::yield_now();
    }
    drop(drive);
    assert_eq!(numbers(&reader.join().expect("it has read"), run), (1..=201).collect::<Vec<_>>());
}
