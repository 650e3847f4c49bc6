//! A process that records is killed.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use runsheet_events::{EventKind, Ledger};
use runsheet_journal::{StateFolder, WriterSettings};
use tempfile::TempDir;

use crate::child;
use crate::sample::{event, header, numbered};

#[test]
fn what_was_said_to_be_durable_survives_kill_9() {
    let rounds = if env::var_os("RUNSHEET_LONG").is_some() { 300 } else { 20 };
    for round in 0..rounds {
        one_life(RandomState::new().hash_one(round));
    }
}

fn one_life(chance: u64) {
    let folder = TempDir::new().expect("a folder");
    let mut child = child::command("append", folder.path(), "").stdout(Stdio::piped()).spawn().expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut durable = 0;
    let mut heed = |line: std::io::Result<String>| {
        let line = line.expect("a line");
        if let Some((_, seq)) = line.split_once("durable ") {
            durable = seq.parse().expect("a position");
        }
    };
    let wanted = usize::try_from(chance % 60).expect("a small number");
    lines.by_ref().take(wanted).for_each(&mut heed);
    // Some moment between two of its lines.
    thread::sleep(Duration::from_micros(chance % 997));
    child.kill().expect("a child to kill");
    child.wait().expect("its end");
    lines.for_each(&mut heed);

    let state = StateFolder::open(folder.path()).expect("the state folder");
    let Some(run) = state.runs().expect("runs").first().copied() else {
        assert_eq!(durable, 0, "a run is gone, chance {chance}");
        return;
    };
    let reader = state.open_run(run).and_then(|folder| folder.reader()).expect("the journal");
    let found = reader.verify().expect("a sound journal");
    assert!(found.events >= durable, "{durable} were durable and {} are there, chance {chance}", found.events);
    for (seq, event) in (1..).zip(reader.events().expect("events")) {
        assert_eq!(event.expect("an event"), numbered(run, seq), "chance {chance}");
    }

    // The lock is free, and the run can go on after a torn line.
    let folder = state.open_run(run).expect("the run");
    let writer = folder.start(&WriterSettings::default()).expect("the lock");
    let again = event(found.events + 1, EventKind::RunStarted(Box::new(header(run))));
    writer.append(Arc::new(again)).expect("an open journal");
    writer.close().expect("a durable journal");
    let verified = reader.verify().expect("a sound journal");
    assert_eq!((verified.events, verified.torn), (found.events + 1, false));
}
