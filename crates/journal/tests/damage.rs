//! A journal that is not what was written.

use std::fs;
use std::path::PathBuf;

use runsheet_events::{EventLog, Position, RunEvent};
use runsheet_journal::{JournalError, RunReader, StateFolder, Verified};
use runsheet_model::RunId;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::sample::{record, state, whole_run};

/// A journal on disk, and what stands in it.
struct Journal {
    _temporary: TempDir,
    state: StateFolder,
    run: RunId,
    path: PathBuf,
    events: Vec<RunEvent>,
    bytes: Vec<u8>,
}

impl Journal {
    fn new() -> Self {
        let (temporary, state) = state();
        let run = RunId::fresh();
        let events = whole_run(run, 1000);
        let path = record(&state, run, &events).path().join("journal.ndjson");
        let bytes = fs::read(&path).expect("the journal");
        Self { _temporary: temporary, state, run, path, events, bytes }
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        self.bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn with(&self, bytes: &[u8]) -> RunReader {
        fs::write(&self.path, bytes).expect("a changed journal");
        self.state.open_run(self.run).and_then(|folder| folder.reader()).expect("a reader")
    }

    /// The line that a changed journal is said to be broken at.
    fn broken_at(&self, bytes: &[u8]) -> u64 {
        match self.with(bytes).verify() {
            Err(JournalError::Broken { line, .. }) => line,
            other => panic!("{other:?}"),
        }
    }
}

fn whole_lines(bytes: &[u8]) -> u64 {
    bytes.split(|&byte| byte == b'\n').skip(1).count() as u64
}

#[test]
fn a_sound_journal_is_read_as_it_was_written() {
    let journal = Journal::new();
    let reader = journal.with(&journal.bytes);
    let verified = reader.verify().expect("a sound journal");
    let events = journal.events.len() as u64;
    assert_eq!(verified, Verified { events, torn: false });
    let read: Result<Vec<RunEvent>, _> = reader.events().expect("events").collect();
    assert_eq!(read.expect("sound events"), journal.events);
}

#[test]
fn f_44_every_changed_byte_shows() {
    let journal = Journal::new();
    for at in 0..journal.bytes.len() {
        let mut bytes = journal.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let line = 1 + whole_lines(&journal.bytes[..at]);
        assert_eq!(journal.broken_at(&bytes), line, "byte {at}");
    }
}

#[test]
fn a_journal_cut_anywhere_gives_its_whole_lines() {
    let journal = Journal::new();
    for length in 0..journal.bytes.len() {
        let bytes = &journal.bytes[..length];
        let reader = journal.with(bytes);
        let whole = whole_lines(bytes);
        let verified = reader.verify().expect("a sound beginning");
        let expected = Verified { events: whole, torn: bytes.last().is_some_and(|&byte| byte != b'\n') };
        assert_eq!(verified, expected, "cut at {length}");
        let (events, position) = reader.read_from(Position::default(), usize::MAX).expect("events");
        assert_eq!(events, journal.events[..events.len()], "cut at {length}");
        assert_eq!((events.len() as u64, position.seq), (whole, whole));
    }
}

#[test]
fn a_missing_doubled_or_exchanged_line_is_named() {
    let journal = Journal::new();
    let lines = journal.lines();
    for at in 0..lines.len() {
        let line = at as u64 + 1;
        if at + 1 < lines.len() {
            let mut missing = lines.clone();
            missing.remove(at);
            assert_eq!(journal.broken_at(&missing.concat()), line);
            let mut exchanged = lines.clone();
            exchanged.swap(at, at + 1);
            assert_eq!(journal.broken_at(&exchanged.concat()), line);
        }
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at].clone());
        assert_eq!(journal.broken_at(&doubled.concat()), line + 1);
    }
}

#[test]
fn reading_goes_on_at_every_position_and_checks_from_there() {
    let journal = Journal::new();
    let reader = journal.with(&journal.bytes);
    let mut position = Position::default();
    for event in &journal.events {
        let (events, next) = reader.read_from(position, 1).expect("an event");
        assert_eq!(events, std::slice::from_ref(event));
        position = next;
    }
    assert_eq!(position.offset, journal.bytes.len() as u64);
    assert_eq!(reader.read_from(position, 10).expect("nothing").0, []);

    let lost = Position { offset: 10, seq: 1 };
    assert!(reader.read_from(lost, 1).is_err(), "a position in the middle of a line was taken");

    // Lines that are sound by themselves, of another journal.
    let (_, second) = reader.read_from(Position::default(), 1).expect("an event");
    let mut mixed = journal.lines();
    mixed[1] = Journal::new().lines()[1].clone();
    let error = journal.with(&mixed.concat()).read_from(second, 1).expect_err("a foreign line");
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn a_journal_of_a_later_format_is_refused_by_its_number() {
    let journal = Journal::new();
    let text = String::from_utf8(journal.lines()[0].clone()).expect("UTF-8");
    let (body, _) = text.split_once(",\"chain\"").expect("a hash");
    let body = body.replace("\"format\":1", "\"format\":2");
    let mut sha = Sha256::new();
    sha.update("0".repeat(32));
    sha.update(&body);
    let hash = format!("{:x}", u128::from_be_bytes(sha.finalize()[..16].try_into().expect("16 bytes")));
    let hash = format!("{hash:0>32}");
    let line = format!("{body},\"chain\":\"{hash}\"}}\n");
    match journal.with(line.as_bytes()).verify() {
        Err(JournalError::Newer { format: 2, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_that_was_never_ours_is_told_and_not_fallen_over() {
    let journal = Journal::new();
    for line in ["", "{}", ",\"chain\":\"\"}", ",\"chain\":\"abc\"}", ",\"chain\":\"}", "\"}", "\0", "null"] {
        assert_eq!(journal.broken_at(format!("{line}\n").as_bytes()), 1, "{line:?}");
        let after = [&journal.bytes[..], line.as_bytes(), b"\n"].concat();
        assert_eq!(journal.broken_at(&after), journal.events.len() as u64 + 1, "{line:?}");
    }
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    let journal = Journal::new();
    assert_eq!(journal.broken_at(&vec![b'x'; 17 << 20]), 1);
}
