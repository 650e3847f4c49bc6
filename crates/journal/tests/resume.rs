//! What a later epoch learns from those before it.

use std::sync::Arc;
use std::time::Duration;

use runsheet_events::{AttemptKey, EventKind, Ledger, MadeFile, PriorHost};
use runsheet_journal::WriterSettings;
use runsheet_model::{Failure, LostReason, RunId, State};

use crate::sample::{event, header, host, key, ok, record, result, state, step, wait_for};

const LOST: State = State::Lost { reason: LostReason::RunEnded };

fn failed() -> State {
    State::Failed { failure: Failure::Task { value: 1 } }
}

/// How it ended; lost if something is open.
fn state_of(known: &PriorHost) -> Option<State> {
    known.ended.as_ref().map(|ended| ended.state.clone()).or_else(|| (!known.open.is_empty()).then_some(LOST))
}

fn host_started(name: &str) -> EventKind {
    EventKind::HostStarted { step: step("restart"), host: host(name) }
}

fn host_finished(name: &str, state: State) -> EventKind {
    EventKind::HostFinished { step: step("restart"), host: host(name), result: result(state, 10) }
}

fn attempt_finished(key: AttemptKey, started: bool, state: State) -> EventKind {
    EventKind::AttemptFinished { key, started, result: result(state, 10), commands: Vec::new() }
}

/// A run that was killed: web1 is done, web2 failed twice, web3 was in the middle, web4 had not begun, web5 was not come to.
fn killed(run: RunId) -> Vec<EventKind> {
    vec![
        EventKind::RunStarted(Box::new(header(run))),
        EventKind::StepStarted { step: step("restart"), hosts: 5 },
        host_started("web1"),
        host_started("web2"),
        host_started("web3"),
        host_started("web4"),
        EventKind::AttemptStarted(key("restart", "web1", 1)),
        EventKind::AttemptStarted(key("restart", "web2", 1)),
        EventKind::AttemptStarted(key("restart", "web3", 1)),
        attempt_finished(key("restart", "web1", 1), true, ok()),
        host_finished("web1", ok()),
        attempt_finished(key("restart", "web2", 1), true, failed()),
        attempt_finished(key("restart", "web2", 2), false, failed()),
        host_finished("web2", failed()),
    ]
}

fn events(kinds: Vec<EventKind>) -> Vec<runsheet_events::RunEvent> {
    (1..).zip(kinds).map(|(seq, kind)| event(seq, kind)).collect()
}

#[test]
fn what_was_under_way_when_the_run_ended_is_lost_and_nothing_else() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let folder = record(&state, run, &events(killed(run)));
    let reader = folder.reader().expect("the journal");

    assert_eq!(reader.open_intents().expect("intents"), [key("restart", "web3", 1)]);
    let tally = reader.stats().expect("statistics");
    let restart = tally.step(&step("restart")).expect("the step");
    assert_eq!((restart.totals.changed, restart.totals.failed, restart.totals.lost), (1, 1, 1));
    assert_eq!(restart.troubled[&host("web3")].result.state, LOST);
    assert_eq!(restart.troubled[&host("web3")].result.took, Duration::from_millis(14 - 5));
    let running: Vec<_> = restart.running.keys().cloned().collect();
    assert_eq!(running, [host("web4")]);

    let prior = reader.prior().expect("what is known");
    let known = |name: &str| prior.host(&step("restart"), &host(name));
    let end_of = |name: &str| known(name).and_then(state_of);
    assert_eq!(prior.header.as_ref().map(|header| header.epoch), Some(1));
    assert_eq!(end_of("web1"), Some(ok()));
    assert_eq!(end_of("web2"), Some(failed()));
    assert_eq!(end_of("web3"), Some(LOST));
    assert_eq!(end_of("web4"), None);
    assert!(known("web5").is_none());
    assert_eq!(known("web2").map(|known| known.link(0).expect("begun").attempts), Some(2));
    assert_eq!(known("web3").map(|known| known.link(0).expect("begun").attempts), Some(1));
}

#[test]
fn what_is_under_way_in_a_live_run_is_not_lost() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let writer =
        state.create_run(run, b"{}").and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
    let events = events(killed(run));
    for event in &events {
        writer.append(Arc::new(event.clone())).expect("an open journal");
    }
    wait_for(&writer, events.len() as u64);
    for reader in [writer.reader(), state.open_run(run).and_then(|folder| folder.reader())] {
        let tally = reader.and_then(|reader| reader.stats()).expect("statistics");
        let restart = tally.step(&step("restart")).expect("the step");
        assert_eq!((restart.totals.lost, restart.running.len()), (0, 2));
    }
}

#[test]
fn a_later_epoch_settles_what_an_earlier_one_left_open() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let first = killed(run);
    let folder = record(&state, run, &events(first.clone()));
    let mut again = header(run);
    again.epoch = 2;
    let second = vec![
        EventKind::RunStarted(Box::new(again)),
        host_started("web2"),
        host_started("web3"),
        EventKind::AttemptStarted(key("restart", "web2", 3)),
        EventKind::AttemptStarted(key("restart", "web3", 2)),
        attempt_finished(key("restart", "web3", 2), true, ok()),
        host_finished("web3", ok()),
    ];
    let writer = folder.start(&WriterSettings::default()).expect("the run goes on");
    let all = events([first.clone(), second].concat());
    for event in &all[first.len()..] {
        writer.append(Arc::new(event.clone())).expect("an open journal");
    }
    writer.close().expect("a durable journal");

    let reader = state.open_run(run).and_then(|folder| folder.reader()).expect("the journal");
    reader.verify().expect("one chain over both epochs");
    let prior = reader.prior().expect("what is known");
    let end_of = |name: &str| prior.host(&step("restart"), &host(name)).and_then(state_of);
    assert_eq!(prior.header.as_ref().map(|header| header.epoch), Some(2));
    assert_eq!(end_of("web2"), Some(LOST), "its failure was before");
    assert_eq!(end_of("web3"), Some(ok()));
    assert_eq!(reader.open_intents().expect("intents"), [key("restart", "web2", 3)]);
}

#[test]
fn every_beginning_of_a_journal_tells_what_it_holds_and_no_more() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let all = events(killed(run));
    for length in 0..=all.len() {
        let run = RunId::fresh();
        let prior =
            record(&state, run, &all[..length]).reader().and_then(|reader| reader.prior()).expect("what is known");
        let web1 = prior.host(&step("restart"), &host("web1"));
        let link = web1.and_then(|known| Some(known.link(0)?.ended.as_ref()?.state.clone()));
        let expected = match length {
            ..7 => (None, None),
            7..10 => (Some(LOST), None),
            // The attempt ended and the host did not: whoever goes on must not do it again.
            10 => (None, Some(ok())),
            _ => (Some(ok()), Some(ok())),
        };
        assert_eq!((web1.and_then(state_of), link), expected, "after {length} events");
    }
}

#[test]
fn a_file_that_was_made_is_known_by_its_last_hash() {
    let (_temporary, state) = state();
    let run = RunId::fresh();
    let made = |path: &str, sha256: &str| MadeFile {
        path: path.to_owned(),
        sha256: sha256.to_owned(),
        bytes: 3,
        executable: false,
    };
    let event_of = |file| EventKind::FileMade { step: step("build"), file };
    let kinds = vec![
        EventKind::RunStarted(Box::new(header(run))),
        event_of(made("dist/app", "01")),
        event_of(made("dist/doc", "02")),
        event_of(made("dist/app", "03")),
    ];
    let folder = record(&state, run, &events(kinds));
    let prior = folder.reader().expect("the journal").prior().expect("what is known");
    let known: Vec<_> = prior.files.values().cloned().collect();
    assert_eq!(known, [made("dist/app", "03"), made("dist/doc", "02")]);
}
