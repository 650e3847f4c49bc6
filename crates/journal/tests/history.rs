//! The history is derived: whatever happens to it, the journals make it again.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use runsheet_events::{EventKind, RunEvent};
use runsheet_journal::{History, HistoryLook, JournalError, StateFolder};
use runsheet_model::{RunId, State, TaskName};

use crate::sample::{STARTED, event, record, result, state, step, whole_run};

type Damage = fn(&StateFolder);

fn file(state: &StateFolder) -> PathBuf {
    state.path().join("history.sqlite")
}

fn record_some(state: &StateFolder, took_ms: &[u64]) -> Vec<RunId> {
    took_ms
        .iter()
        .map(|&took_ms| {
            let run = RunId::fresh();
            record(state, run, &whole_run(run, took_ms));
            run
        })
        .collect()
}

/// Like a whole run, but its hosts failed.
fn failed_run(run: RunId) -> Vec<RunEvent> {
    let unreachable = State::Cancelled;
    whole_run(run, 1)
        .into_iter()
        .map(|happened| match happened.kind {
            EventKind::HostFinished { step, host, .. } => {
                event(happened.seq, EventKind::HostFinished { step, host, result: result(unreachable.clone(), 1) })
            }
            _ => happened,
        })
        .collect()
}

#[test]
fn a_run_is_in_the_history_with_its_waiting_apart() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let folder = record(&state, run, &whole_run(run, 1000));
    let mut history = History::open(&state).expect("a history");
    let reader = folder.reader().expect("the journal");
    let prior = reader.prior().expect("what is known");
    let started = reader.started().expect("the journal").expect("a start");
    for _ in 0..3 {
        history.add(&prior, started).expect("an entry");
    }

    let runs = history.runs(10, Some("weekly")).expect("runs");
    assert_eq!(runs.len(), 1);
    let past = &runs[0];
    assert_eq!((past.run.clone(), past.user.as_str(), past.ended.as_str()), (run.to_string(), "dana", "finished"));
    assert_eq!(past.started, UNIX_EPOCH + STARTED + Duration::from_millis(1));
    assert_eq!(past.took, Some(Duration::from_secs(2 + 300)));
    assert_eq!(past.waited, Duration::from_mins(5));
    assert_eq!((past.steps, past.hosts), (2, 2));
    assert_eq!((past.totals.changed, past.totals.all()), (2, 2));
    assert_eq!(history.runs(10, Some("another")).expect("runs"), []);

    let steps = history.steps("weekly", 10).expect("steps");
    assert_eq!(steps.len(), 1, "the step that did not run has no time");
    assert_eq!((steps[0].step.as_str(), steps[0].name.as_str()), ("restart", "RESTART"));
    assert_eq!(steps[0].took, [Duration::from_secs(2)]);
    assert_eq!(steps[0].waited, [Duration::from_mins(5)]);
}

#[test]
fn a_step_has_the_median_of_its_last_good_runs() {
    let (_temporary, state) = state();
    record_some(&state, &[90_000, 1000, 5000, 2000, 3000]);
    let failed = RunId::fresh();
    record(&state, failed, &failed_run(failed));
    let mut history = History::open(&state).expect("a history");
    assert_eq!(history.runs(10, None).expect("runs").len(), 6);
    let median = |history: &mut History, last| history.steps("weekly", last).expect("steps")[0].median();
    assert_eq!(median(&mut history, 4), Duration::from_secs(5), "of 2, 10, 4 and 6 s");
    assert_eq!(median(&mut history, 3), Duration::from_secs(6));
    assert_eq!(median(&mut history, 100), Duration::from_secs(6));

    let slowest = history.slowest_hosts("weekly", &step("restart"), 5, 1).expect("hosts");
    assert_eq!(slowest.len(), 1);
    assert_eq!((slowest[0].host.as_str(), slowest[0].runs), ("web2", 4));
}

#[test]
fn the_times_of_each_host_come_run_by_run_newest_first_and_without_bad_ends() {
    let (_temporary, state) = state();
    record_some(&state, &[1000, 5000]);
    let failed = RunId::fresh();
    record(&state, failed, &failed_run(failed));
    let mut history = History::open(&state).expect("a history");
    let times = history.times("weekly", 10).expect("times");
    let times = |host: &str| {
        let found = times.iter().find(|past| past.step == "restart" && past.host == host);
        found.map(|past| past.took.iter().map(Duration::as_secs).collect::<Vec<_>>())
    };
    assert_eq!(times("web1"), Some(vec![5, 1]));
    assert_eq!(times("web2"), Some(vec![10, 2]));
    assert_eq!(history.times("another", 10).expect("times"), []);
}

#[test]
fn the_times_of_a_task_come_from_whatever_sheet_newest_first() {
    let (_temporary, state) = state();
    record_some(&state, &[1000]);
    let other = RunId::fresh();
    let events = whole_run(other, 3000).into_iter().map(|happened| match happened.kind {
        EventKind::RunStarted(mut header) => {
            "monthly".clone_into(&mut header.sheet);
            event(happened.seq, EventKind::RunStarted(header))
        }
        _ => happened,
    });
    record(&state, other, &events.collect::<Vec<_>>());
    drop(History::open(&state).expect("a history"));
    let look = HistoryLook::at(state.path()).expect("a look").expect("a history");
    let task = |name: &str| TaskName::new(name).expect("a name");
    let seconds = |last| {
        let links = look.links(&task("apache.restart"), last).expect("links");
        links.iter().map(|link| (link.median.as_millis(), link.longest.as_secs(), link.hosts)).collect::<Vec<_>>()
    };
    // One host took as long as it says there, the other twice as long.
    assert_eq!(seconds(20), [(4500, 6, 2), (1500, 2, 2)]);
    assert_eq!(seconds(1), [(4500, 6, 2)]);
    assert_eq!(look.links(&task("apache.stop"), 20).expect("links"), []);
}

#[test]
fn a_missing_broken_or_foreign_file_is_made_anew() {
    let (_temporary, state) = state();
    let runs = record_some(&state, &[1000, 2000]);
    let damage: [(&str, Damage); 5] = [
        ("missing", |_| {}),
        ("removed", |state| fs::remove_file(file(state)).expect("a file")),
        ("empty", |state| fs::write(file(state), "").expect("a file")),
        ("foreign", |state| {
            fs::write(file(state), "x".repeat(10_000)).expect("a file");
        }),
        ("of another version", |state| {
            let connection = rusqlite::Connection::open(file(state)).expect("a database");
            connection.pragma_update(None, "user_version", 99).expect("a version");
        }),
    ];
    for (what, damage) in damage {
        damage(&state);
        let mut history = History::open(&state).expect(what);
        let found: Vec<String> = history.runs(10, None).expect(what).into_iter().map(|run| run.run).collect();
        assert_eq!(found, [runs[1].to_string(), runs[0].to_string()], "{what}");
    }
}

#[test]
fn a_file_that_is_broken_inside_is_made_anew_when_that_shows() {
    let (_temporary, state) = state();
    record_some(&state, &[1000; 30]);
    drop(History::open(&state).expect("a history"));
    let sound = fs::read(file(&state)).expect("the file");
    let page = 4096;
    for broken in 1..sound.len() / page {
        let mut bytes = sound.clone();
        bytes[broken * page..(broken + 1) * page].fill(0xa5);
        fs::write(file(&state), bytes).expect("a broken file");
        let mut history = History::open(&state).expect("a history");
        history.rebuild().expect("a sound history");
        assert_eq!(history.runs(100, None).expect("runs").len(), 30, "page {broken}");
        assert_eq!(history.steps("weekly", 100).expect("steps")[0].took.len(), 30, "page {broken}");
    }
}

#[test]
fn a_broken_journal_is_skipped_and_told() {
    let (_temporary, state) = state();
    let runs = record_some(&state, &[1000, 2000, 3000]);
    let journal = state.open_run(runs[1]).expect("a run").path().join("journal.ndjson");
    let text = fs::read_to_string(&journal).expect("a journal");
    fs::write(&journal, text.replace("dana", "eve!")).expect("a changed journal");
    let mut history = History::open(&state).expect("a history");
    assert_eq!(history.runs(10, None).expect("runs").len(), 2);
    let skipped = history.skipped();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0].run, runs[1]);
    assert!(matches!(skipped[0].error, JournalError::Broken { line: 1, .. }), "{:?}", skipped[0]);
}

#[test]
fn a_run_without_an_end_is_unfinished() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    record(&state, run, &whole_run(run, 1000)[..5]);
    let empty = RunId::fresh();
    record(&state, empty, &[]);
    let mut history = History::open(&state).expect("a history");
    let runs = history.runs(10, None).expect("runs");
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].ended.as_str(), runs[0].took), ("unfinished", None));
    assert_eq!(history.skipped().len(), 0);
}

#[test]
fn two_can_write_at_once() {
    let (_temporary, state) = state();
    let runs = record_some(&state, &[1000; 8]);
    fs::remove_file(file(&state)).ok();
    std::thread::scope(|scope| {
        for &run in &runs {
            let state = &state;
            scope.spawn(move || {
                let mut history = History::open(state).expect("a history");
                history.add_run(run).expect("an entry");
            });
        }
    });
    let mut history = History::open(&state).expect("a history");
    assert_eq!(history.runs(100, None).expect("runs").len(), 8);
}

#[test]
fn a_look_at_the_history_makes_nothing_and_sees_what_is_there() {
    let (_temporary, state) = state();
    assert!(HistoryLook::at(&state.path().join("missing")).expect("no error").is_none());
    let runs = record_some(&state, &[100, 200]);
    assert!(HistoryLook::at(state.path()).expect("no error").is_none());
    assert!(!file(&state).exists());

    let mut history = History::open(&state).expect("a history");
    let look = HistoryLook::at(state.path()).expect("a look").expect("a history");
    let steps = look.steps("weekly", 50).expect("steps");
    assert_eq!(steps, history.steps("weekly", 50).expect("steps"));
    assert!(!steps.is_empty());
    assert!(steps.iter().all(|step| step.took.len() == runs.len() && step.hosts.len() == runs.len()), "{steps:?}");
    assert_eq!(look.times("weekly", 20).expect("times"), history.times("weekly", 20).expect("times"));

    drop((look, history));
    fs::write(file(&state), "no database at all").expect("a file");
    assert!(matches!(HistoryLook::at(state.path()), Err(JournalError::History { .. })));
    assert_eq!(fs::read_to_string(file(&state)).expect("a file"), "no database at all");
}
