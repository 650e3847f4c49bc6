//! Old runs make room for new ones.

use std::fs;
use std::path::Path;
use std::time::Duration;

use runsheet_events::{OutputKey, OutputLog};
use runsheet_journal::{Cleaned, CleanedPart, History, Keep, StateFolder, WriterSettings, clean};
use runsheet_model::{RunId, Stream};

use crate::sample::{host, record, state, step, whole_run};

const ALL: u64 = u64::MAX;

fn runs(state: &StateFolder, count: usize) -> Vec<RunId> {
    (0..count)
        .map(|_| {
            let run = RunId::fresh();
            let folder = record(state, run, &whole_run(run, 1000));
            let writer = folder.start(&WriterSettings::default()).expect("a writer");
            let key = OutputKey { step: step("restart"), host: host("web1") };
            let mut output = writer.open(&key);
            output.frame(Duration::ZERO, Stream::Out, false, &[b'x'; 1000]);
            output.close().expect("output");
            run
        })
        .collect()
}

fn ids(cleaned: &[Cleaned], part: CleanedPart) -> Vec<RunId> {
    cleaned.iter().filter(|cleaned| cleaned.what == part).map(|cleaned| cleaned.run).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_oldest_runs_go_and_stay_in_the_history() {
    let (_temporary, state) = state();
    // It knows nothing of the runs yet: they ended without anybody adding them, as by `kill -9`.
    History::open(&state).expect("a history");
    let runs = runs(&state, 5);
    let keep = Keep { runs: 2, output_bytes: ALL };
    let told = clean(&state, None, keep, true).expect("what would go");
    assert_eq!(state.runs().expect("runs").len(), 5, "it was only asked");
    let cleaned = clean(&state, None, keep, false).expect("cleaned");
    assert_eq!(told, cleaned);
    assert_eq!(ids(&cleaned, CleanedPart::Run), runs[..3]);
    assert!(cleaned.iter().all(|cleaned| cleaned.bytes > 1000));
    assert_eq!(names(&state.path().join("runs")), [runs[3].to_string(), runs[4].to_string()]);

    let mut history = History::open(&state).expect("the history");
    assert_eq!(history.runs(10, None).expect("runs").len(), 3);
    history.rebuild().expect("all of it");
    assert_eq!(history.runs(10, None).expect("runs").len(), 5);
    assert_eq!(clean(&state, None, keep, false).expect("nothing to do"), []);
}

#[test]
fn the_oldest_output_goes_until_the_rest_fits() {
    let (_temporary, state) = state();
    let runs = runs(&state, 4);
    let size = |run: RunId| state.open_run(run).and_then(|folder| folder.output_bytes()).expect("a size");
    let keep = Keep { runs: 10, output_bytes: size(runs[0]) * 2 };
    let cleaned = clean(&state, None, keep, false).expect("cleaned");
    assert_eq!(ids(&cleaned, CleanedPart::Output), runs[..2]);
    assert_eq!(ids(&cleaned, CleanedPart::Run), []);
    assert_eq!((size(runs[1]), size(runs[2]) > 0), (0, true));
    let reader = state.open_run(runs[0]).and_then(|folder| folder.reader()).expect("its journal");
    reader.verify().expect("a sound journal");
}

#[test]
fn a_live_run_is_left_alone() {
    let (_temporary, state) = state();
    History::open(&state).expect("a history");
    let runs = runs(&state, 3);
    let writer = state.open_run(runs[0]).and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
    let keep = Keep { runs: 0, output_bytes: 0 };
    let cleaned = clean(&state, None, keep, false).expect("cleaned");
    assert_eq!(ids(&cleaned, CleanedPart::Run), runs[1..]);
    assert_eq!(state.runs().expect("runs"), runs[..1]);
    let mut history = History::open(&state).expect("the history");
    assert_eq!(history.runs(10, None).expect("runs").len(), 2, "it is not over");
    let keep = Keep { runs: 1, ..keep };
    assert_eq!(clean(&state, None, keep, false).expect("cleaned"), [], "its output is being written");
    drop(writer);
    assert_eq!(ids(&clean(&state, None, keep, false).expect("cleaned"), CleanedPart::Output), runs[..1]);
}

#[test]
fn what_a_crash_left_half_made_or_half_removed_goes_as_well() {
    let (_temporary, state) = state();
    let runs = runs(&state, 1);
    let folder = state.path().join("runs");
    for left in [".new-x", ".old-x"] {
        fs::create_dir_all(folder.join(left).join("output")).expect("a folder");
    }
    clean(&state, None, Keep::default(), false).expect("cleaned");
    assert_eq!(names(&folder), [runs[0].to_string()]);
}
