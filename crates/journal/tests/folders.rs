//! Folders and files: who may see them, who holds them, and how a run is found.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{Durability, EventLog, Ledger, Position};
use runsheet_journal::{JournalError, StateFolder, WriterSettings};
use runsheet_model::RunId;
use tempfile::TempDir;

use crate::child;
use crate::sample::{numbered, record, state, wait_for, whole_run};

#[test]
fn nobody_else_can_read_what_is_recorded_whatever_the_umask() {
    let folder = TempDir::new().expect("a folder");
    let mut child = child::command("everything", folder.path(), "umask 000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line == "ready")), "the child ended");
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder.path()).expect("the folder") {
        check_modes(&entry.expect("an entry").path(), &mut seen);
    }
    writeln!(child.stdin.take().expect("its input")).expect("a word to go on");
    lines.for_each(drop);
    assert!(child.wait().expect("its end").success());
    for name in [
        "plan.json",
        "journal.ndjson",
        "web1.ndjson",
        "history.sqlite",
        "history.sqlite-wal",
        "history.sqlite-shm",
        "history.lock",
    ] {
        assert!(seen.iter().any(|file| file == name), "{name} is not among {seen:?}");
    }
    assert!(seen.iter().any(|file| file.starts_with("runsheet-")), "no spool in {seen:?}");
}

fn check_modes(path: &Path, seen: &mut Vec<String>) {
    let found = fs::symlink_metadata(path).expect("metadata");
    let mode = found.mode() & 0o7777;
    if found.is_dir() {
        assert_eq!(mode, 0o700, "{}", path.display());
        for entry in fs::read_dir(path).expect("a folder") {
            check_modes(&entry.expect("an entry").path(), seen);
        }
    } else {
        assert_eq!(mode, 0o600, "{}", path.display());
        seen.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
}

#[test]
fn a_state_folder_that_others_can_write_is_refused() {
    let (_temporary, state) = state();
    for folder in [state.path().to_owned(), state.path().join("runs")] {
        for mode in [0o770, 0o707, 0o1777] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("a mode");
            let error = StateFolder::open(state.path()).expect_err("a folder for everybody");
            assert!(matches!(error, JournalError::Unsafe { .. }), "{error:?}");
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    }
    StateFolder::open(state.path()).expect("a folder of one's own");
}

#[test]
fn a_state_folder_that_cannot_be_made_is_an_error() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("file"), "").expect("a file");
    for path in ["file", "file/state"] {
        let error = StateFolder::open(folder.path().join(path)).expect_err("no folder");
        assert!(matches!(error, JournalError::Io { .. }), "{error:?}");
    }
}

#[test]
fn a_journal_is_not_reached_through_a_symbolic_link() {
    let (temporary, state) = state();
    let run = RunId::fresh();
    let journal = record(&state, run, &whole_run(run, 1)).path().join("journal.ndjson");
    let elsewhere = temporary.path().join("elsewhere");
    fs::rename(&journal, &elsewhere).expect("a move");
    symlink(&elsewhere, &journal).expect("a link");
    let folder = state.open_run(run).expect("the run");
    assert!(folder.reader().is_err());
    assert!(folder.start(&WriterSettings::default()).is_err());
}

#[test]
fn a_run_has_one_writer_at_a_time() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let at_once = WriterSettings { lock_wait: Duration::ZERO, ..WriterSettings::default() };
    let made = state.create_run(run, b"{}").expect("a run");
    let second = || state.open_run(run).expect("the run");
    let error = second().start(&at_once).expect_err("a run that is only made yet");
    assert!(matches!(error, JournalError::Locked { .. }), "{error:?}");
    let first = made.start(&at_once).expect("a writer");
    assert!(second().is_live().expect("a state"));
    let error = second().start(&at_once).expect_err("a second writer");
    assert!(matches!(error, JournalError::Locked { .. }), "{error:?}");
    assert!(matches!(state.create_run(run, b"{}"), Err(JournalError::Io { .. })));
    first.close().expect("a durable journal");
    assert!(!second().is_live().expect("a state"));
    second().start(&at_once).expect("a writer after the first");
}

#[test]
fn a_plan_is_kept_and_room_that_was_not_used_is_given_back() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let folder = state.create_run(run, b"{\"steps\":[]}").expect("a run");
    let journal = folder.path().join("journal.ndjson");
    let reserved = fs::metadata(&journal).expect("a journal").blocks() * 512;
    let writer = folder.start(&WriterSettings::default()).expect("a writer");
    writer.append(Arc::new(numbered(run, 1))).expect("an open journal");
    writer.close().expect("a durable journal");
    let left = fs::metadata(&journal).expect("a journal").blocks() * 512;
    assert!(reserved >= 16 << 20, "{reserved} bytes were reserved");
    assert!(left <= 64 << 10, "{left} bytes are still taken");

    let folder = state.open_run(run).expect("the run");
    let writer = folder.start(&WriterSettings::default()).expect("the run goes on");
    let again = fs::metadata(&journal).expect("a journal").blocks() * 512;
    assert!(again >= 16 << 20, "{again} bytes were reserved the second time");
    writer.close().expect("a durable journal");
    assert_eq!(state.open_run(run).and_then(|run| run.plan()).expect("the plan"), b"{\"steps\":[]}");
}

#[test]
fn nothing_can_be_appended_to_a_closed_journal() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let writer =
        state.create_run(run, b"{}").and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
    writer.close().expect("a durable journal");
    assert!(writer.append(Arc::new(numbered(run, 1))).is_err());
    writer.close().expect("nothing to do");
}

#[test]
fn an_event_out_of_order_stops_the_journal() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let writer =
        state.create_run(run, b"{}").and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
    writer.append(Arc::new(numbered(run, 1))).expect("an open journal");
    assert_eq!(wait_for(&writer, 1), Durability::UpTo(1));
    _ = writer.append(Arc::new(numbered(run, 3)));
    match wait_for(&writer, 3) {
        Durability::Failed { durable: 1, reason } => assert!(reason.contains("event 3 follows event 1"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(writer.close().is_err());
}

#[test]
fn a_reader_of_a_live_run_sees_what_is_durable_and_can_go_on() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let writer =
        state.create_run(run, b"{}").and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
    let reader = writer.reader().expect("a reader");
    let mut position = Position::default();
    for seq in 1..=20 {
        writer.append(Arc::new(numbered(run, seq))).expect("an open journal");
        assert_eq!(wait_for(&writer, seq), Durability::UpTo(seq));
        let (events, next) = reader.read_from(position, 100).expect("events");
        assert_eq!(events, [numbered(run, seq)]);
        position = next;
    }
}

#[test]
fn runs_are_found_by_what_people_type() {
    let (_temporary, state) = state();
    assert!(matches!(state.find("last"), Err(JournalError::NoRun { .. })));
    let runs: Vec<RunId> = (0..20).map(|_| RunId::fresh()).collect();
    for &run in &runs {
        state.create_run(run, b"{}").expect("a run");
    }
    let newest_first: Vec<RunId> = runs.iter().rev().copied().collect();
    assert_eq!(state.runs().expect("the runs"), newest_first);
    assert_eq!(state.find("last").expect("the last"), runs[19]);
    for run in &runs {
        assert_eq!(state.find(&run.to_string()).expect("an id"), *run);
        assert_eq!(state.find(&run.short()).expect("the end of an id"), *run);
        assert_eq!(state.find(&run.to_string().to_uppercase()).expect("an id"), *run);
    }
    let same_time = &runs[0].to_string()[..4];
    match state.find(same_time) {
        Err(JournalError::Ambiguous { runs: found, .. }) => assert_eq!(found, newest_first),
        other => panic!("{other:?}"),
    }
    for unknown in ["", "abc", "zzzz", "../../etc", &RunId::fresh().to_string()] {
        assert!(matches!(state.find(unknown), Err(JournalError::NoRun { .. })), "{unknown:?}");
    }
}
